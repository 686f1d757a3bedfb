import { expect } from 'chai';

import { freePort } from '../../scenarios/support/free-port.ts';
import { SipRequest } from '../../sip/index.ts';
import { runProgram, type ProgramResult } from '../support/run-program.ts';
import { startBehindGateway, type BehindGateway } from './support/behind-gateway.ts';
import { LossyRelay } from './support/lossy-relay.ts';

/** sipsak computes MD5 only and answers the first challenge that comes. */
const MD5 = { type: 'gba-digest', uaSecurityProtocolId: '0300000002', algorithms: ['MD5'] };

describe('interop: sipsak as a client', function () {
  this.timeout(60_000);
  let stage: BehindGateway;
  let port: number;

  before(async () => {
    // sipsak leaves the fifth digit of a port out of the URI.
    port = await freePort({ first: 6100, count: 3900 });
    stage = await startBehindGateway({
      agents: 2,
      moreListeners: [{ name: 'sipsak', host: '127.0.0.1', port, fqdn: 'osg.example.com', authenticators: [MD5] }],
    });
  });

  after(async () => {
    await stage.stop();
  });

  /** The proxy must come before the URI: sipsak resolves as it reads its options. */
  const sipsak = async (uri: string, options: readonly string[], proxyPort = port): Promise<ProgramResult> =>
    runProgram('sipsak', ['-vv', '-p', `127.0.0.1:${proxyPort}`, ...options, '-s', uri], { timeout: 30_000 });

  const credentials = (): string[] => ['-u', stage.agent(0).username, '-a', stage.agent(0).password];

  // Its From is sip:sipsak@127.0.0.1, whatever one does; the name that counts is the preferred one (RFC 3325 9.2).
  const preferred = (): string[] => ['-j', `P-Preferred-Identity: <${stage.agent(0).impu}>`];

  const seen = (method: string): SipRequest[] =>
    stage.kamailio.seen.filter((message) => message instanceof SipRequest && message.method === method) as SipRequest[];

  it('OPTIONS to the gateway itself, with digest', async () => {
    const { code, output } = await sipsak(`sip:127.0.0.1:${port}`, [...credentials(), ...preferred()]);
    expect(code, output).to.equal(0);
    expect(output).to.contain('authorizing').and.contain('SIP/2.0 200 OK');
    expect(seen('OPTIONS'), 'answered by the gateway').to.deep.equal([]);
  });

  it('OPTIONS through the gateway to Kamailio, with digest', async () => {
    const { code, output } = await sipsak('sip:bob@example.com', [...credentials(), ...preferred()]);
    expect(code, output).to.equal(0);
    expect(output).to.contain('kamailio (5.');
    const [delivered] = seen('OPTIONS');
    expect(delivered?.headers('P-Asserted-Identity')).to.deep.equal([`<${stage.agent(0).impu}>`]);
    expect(delivered?.from.uri, 'its From stays what it was').to.match(/^sip:sipsak@/);
  });

  it('is refused with a wrong password, and when it does not say who of the subscriber it is', async () => {
    const before = seen('OPTIONS').length;
    const wrong = await sipsak('sip:bob@example.com', ['-u', stage.agent(0).username, '-a', 'wrong', ...preferred()]);
    expect(wrong.code, wrong.output).not.to.equal(0);
    const nobody = await sipsak('sip:bob@example.com', credentials());
    expect(nobody.output).to.contain('SIP/2.0 403');
    expect(seen('OPTIONS').length, 'nothing got through').to.equal(before);
  });

  it('retransmits when the answer is lost, and gets it again without a second delivery', async () => {
    const before = seen('OPTIONS').length;
    let lost = false;
    const relay = await LossyRelay.open(port, (text, fromClient) => {
      if (fromClient || lost || !text.startsWith('SIP/2.0 200')) return false;
      lost = true;
      return true;
    });
    try {
      const options = [...credentials(), ...preferred()];
      const { code, output } = await sipsak('sip:bob@example.com', options, relay.port);
      expect(code, output).to.equal(0);
      expect(relay.lost).to.equal(1);
      expect(relay.fromClient, 'request, answer to the challenge, and that once more').to.equal(3);
      expect(seen('OPTIONS').length - before, 'delivered').to.equal(1);
    } finally {
      relay.close();
    }
  });

  it('usrloc mode: REGISTER with digest is kept by Kamailio', async () => {
    const { impu } = stage.agent(0);
    const { code, output } = await sipsak(impu, [
      '-U',
      '-i',
      '-x',
      '60',
      '-C',
      'sip:user0@127.0.0.1:9',
      ...credentials(),
    ]);
    expect(code, output).to.equal(0);
    expect(output).to.contain('All usrloc tests completed successful');
    const [register] = seen('REGISTER');
    expect(register?.headers('P-Asserted-Identity')).to.deep.equal([`<${impu}>`]);
    expect(register?.values('Path').length, 'one a side of the gateway').to.equal(2);
  });

  it('cannot answer a challenge that offers SHA-256 first, which is why old clients need a listener with MD5', async () => {
    const options = [...credentials(), ...preferred()];
    const { code, errors } = await sipsak('sip:bob@example.com', options, stage.system.gatewayPort);
    expect(code).not.to.equal(0);
    expect(errors).to.contain('unsupported authentication algorithm');
  });
});
