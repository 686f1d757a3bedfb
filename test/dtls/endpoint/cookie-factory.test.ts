import { expect } from 'chai';

import { CookieFactory } from '../../../dtls/endpoint/cookie-factory.ts';
import type { ClientHelloView } from '../../../dtls/handshake/client-hello-view.ts';

const PEER = { address: '192.0.2.1', port: 40_000 };
const ROTATION = 60_000;

describe('dtls: cookies', () => {
  let time = 0;
  let factory: CookieFactory;

  beforeEach(() => {
    time = 0;
    factory = new CookieFactory({
      now: () => time,
      random: (length) => Buffer.alloc(length, 1 + time),
      rotationMilliseconds: ROTATION,
    });
  });

  it('prove the peer and the ClientHello that they were made for, and no other', () => {
    const cookie = factory.make(PEER, hello());
    expect(factory.proves(PEER, hello({ cookie }))).to.be.true;
    expect(factory.proves({ ...PEER, port: 40_001 }, hello({ cookie })), 'port').to.be.false;
    expect(factory.proves({ ...PEER, address: '192.0.2.2' }, hello({ cookie })), 'address').to.be.false;
    expect(factory.proves(PEER, hello({ cookie, random: 9 })), 'random').to.be.false;
    expect(factory.proves(PEER, hello({ cookie, suites: 'cca8' })), 'suites').to.be.false;
  });

  it('prove a ClientHello with another session id, as clients of mbedTLS send it with a ticket', () => {
    const cookie = factory.make(PEER, hello({ sessionId: 1 }));
    expect(factory.proves(PEER, hello({ cookie, sessionId: 2 }))).to.be.true;
  });

  it('are good until their secret has been replaced twice', () => {
    const cookie = factory.make(PEER, hello());
    time = ROTATION;
    expect(factory.proves(PEER, hello({ cookie }))).to.be.true;
    time = 2 * ROTATION;
    expect(factory.proves(PEER, hello({ cookie }))).to.be.false;
  });
});

function hello({
  cookie = Buffer.alloc(0),
  random = 7,
  sessionId = 0,
  suites = 'c02b',
}: { cookie?: Buffer; random?: number; sessionId?: number; suites?: string } = {}): ClientHelloView {
  const version = Buffer.from('fefd', 'hex');
  return {
    version: 0xfefd,
    messageSequence: 1,
    random: Buffer.alloc(32, random),
    cookie,
    beforeCookie: Buffer.concat([version, Buffer.alloc(32, random), Buffer.from([32]), Buffer.alloc(32, sessionId)]),
    afterCookie: Buffer.from(`0002${suites}0100`, 'hex'),
  };
}
