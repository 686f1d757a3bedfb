import { generateKeyPairSync } from 'node:crypto';

import { expect } from 'chai';

import { checkClientHello } from '../../../dtls/association/server-negotiation.ts';
import { ALERT } from '../../../dtls/errors.ts';
import type { ClientHello } from '../../../dtls/handshake/client-hello.ts';
import { noExtensions } from '../../../dtls/handshake/extensions.ts';
import { encodeSession, type Session } from '../../../dtls/session/session.ts';
import { SessionCache } from '../../../dtls/session/session-cache.ts';
import { ECDSA_CREDENTIALS, Pair, suiteOf } from './pair.ts';

const PSK = 'TLS_PSK_WITH_AES_128_GCM_SHA256';
const ECDSA = 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256';

function hello(changes: Partial<ClientHello> = {}): ClientHello {
  return {
    version: 0xfefd,
    random: Buffer.alloc(32),
    sessionId: Buffer.alloc(0),
    cookie: Buffer.alloc(0),
    cipherSuites: [0x00a8],
    nullCompression: true,
    extensions: noExtensions(),
    ...changes,
  };
}

function session(changes: Partial<Session> = {}): Session {
  return {
    cipherSuite: suiteOf(PSK).code,
    masterSecret: Buffer.alloc(48, 1),
    extendedMasterSecret: true,
    expiresAt: 1_767_225_600_000 + 3_600_000,
    sessionId: Buffer.alloc(32, 7),
    ...changes,
  };
}

function resuming(known: Session, options: ConstructorParameters<typeof Pair>[0] = { suite: PSK }): Pair {
  const sessionCache = new SessionCache(10);
  sessionCache.add(Buffer.alloc(32, 7), known);
  return new Pair({
    ...options,
    server: { sessionCache, ...options.server },
    client: { session: encodeSession(known), ...options.client },
  }).run(100);
}

describe('dtls: negotiation', () => {
  it('an ECDSA certificate on a curve that the client does not name is not chosen (RFC 8422 5.1)', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp384r1' });
    const credentials = () => [{ ...ECDSA_CREDENTIALS, privateKey }, ECDSA_CREDENTIALS];
    const pair = new Pair({ suite: ECDSA, server: { credentials }, client: { groups: [29, 23] } }).run(100);
    expect(pair.clientAssociation.state).to.equal('established');
    const none = new Pair({ suite: ECDSA, client: { groups: [29, 24] } }).run();
    expect(none.serverAssociation.lastAlert).to.deep.equal({ sent: true, code: ALERT.handshakeFailure });
  });

  it('an older version is refused, with inappropriate_fallback when the client fell back to it (RFC 7507)', () => {
    const { serverSettings } = new Pair();
    expect(checkClientHello(hello({ version: 0xfeff }), serverSettings)).to.equal(ALERT.protocolVersion);
    const fallen = hello({ version: 0xfeff, cipherSuites: [0x00a8, 0x5600] });
    expect(checkClientHello(fallen, serverSettings)).to.equal(ALERT.inappropriateFallback);
    expect(checkClientHello(hello({ cipherSuites: [0x00a8, 0x5600] }), serverSettings)).to.be.undefined;
  });

  it('a session without the extended master secret is neither offered nor resumed (RFC 7627 5.3)', () => {
    expect(resuming(session()).clientAssociation.resumed).to.be.true;
    const pair = resuming(session({ extendedMasterSecret: false }));
    expect(pair.clientAssociation.state).to.equal('established');
    expect(pair.clientAssociation.resumed).to.be.false;
    expect(pair.clientAssociation.exportState()?.extendedMasterSecret).to.be.true;
  });

  it('a client does not resume with a server whose certificate it would not take any more', () => {
    const known = session({ cipherSuite: suiteOf(ECDSA).code, peerCertificates: ECDSA_CREDENTIALS.certificates });
    expect(resuming(known, { suite: ECDSA }).clientAssociation.resumed).to.be.true;
    let asked = 0;
    const verifyServer = () => (asked++ === 0 ? ALERT.certificateExpired : undefined);
    const pair = resuming(known, { suite: ECDSA, client: { verifyServer } });
    expect(pair.clientAssociation.resumed).to.be.false;
    expect(asked).to.equal(2);
  });
});
