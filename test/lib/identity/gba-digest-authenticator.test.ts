import { expect } from 'chai';

import { KmcError, type KmcErrorCode } from '../../../kmc/errors.ts';
import { NafId, nafKeyPassword, UaSecurityProtocolId } from '../../../kmc/gba/index.ts';
import type { BootstrappingInfo, KeyCentre } from '../../../kmc/key-centre.ts';
import {
  AuthenticatorChain,
  GbaDigestAuthenticator,
  KeyCache,
  TrustedAuthenticator,
  type AuthenticationResult,
} from '../../../lib/identity/index.ts';
import {
  answerChallenge,
  parseAuthenticationInfo,
  parseChallenge,
  type AnswerChallengeInput,
} from '../../../sip/digest/index.ts';
import { SipRequest, type SipResponse } from '../../../sip/message/index.ts';
import type { Flow } from '../../../sip/transport/transport.ts';

const REALM = '3GPP-bootstrapping@osg.example.com';
const BTID = 'ICEiIyQlJicoKSorLC0uLw==@bsf.example.com';
const KEY = Buffer.alloc(32, 5);
const START = 1_700_000_000_000;
const nafId = new NafId('osg.example.com', UaSecurityProtocolId.parse('0300000003'));

const flow: Flow = {
  transport: {
    protocol: 'UDP',
    reliable: false,
    local: { address: '127.0.0.1', port: 5060 },
    sentBy: '127.0.0.1:5060',
    send: () => true,
    isConnected: () => true,
    close: () => Promise.resolve(),
  },
  peer: { address: '192.0.2.1', port: 5060 },
};

function makeRequest(method = 'MESSAGE', body = 'hello'): SipRequest {
  const request = new SipRequest(method, 'sip:bob@example.com');
  request.append('Via', 'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1');
  request.append('From', '<sip:alice@example.com>;tag=1');
  request.append('To', '<sip:bob@example.com>');
  request.append('Call-ID', 'c');
  request.append('CSeq', `1 ${method}`);
  request.setBody(body, 'text/plain');
  return request;
}

interface Setup {
  readonly challenge?: 'proxy' | 'server';
  readonly secret?: number;
  readonly maximumNonces?: number;
  readonly error?: KmcErrorCode;
}

function setUp({ challenge = 'proxy', secret = 1, maximumNonces = 100, error }: Setup = {}) {
  const clock = { now: START };
  const now = (): number => clock.now;
  const info: BootstrappingInfo = {
    keys: { meKeyMaterial: KEY },
    impi: 'alice@ims.example.com',
    createdAt: START,
    expiresAt: START + 3_600_000,
    securitySettings: [
      { gsid: 0, type: 0, uids: ['sip:alice@example.com', 'tel:+1555'], flags: [] },
      { gsid: 7, type: 7, uids: ['sip:alice@example.com'], flags: [] },
    ],
  };
  const keyCentre: Pick<KeyCentre, 'bootstrappingInfo'> = {
    bootstrappingInfo: ({ btid }) => {
      if (error !== undefined) return Promise.reject(new KmcError(error, 'no'));
      if (btid === BTID) return Promise.resolve(info);
      return Promise.reject(new KmcError('OSGATE_KMC_TRANSACTION_IDENTIFIER_INVALID', 'unknown'));
    },
  };
  const authenticator = new GbaDigestAuthenticator({
    realm: REALM,
    nafId,
    keys: new KeyCache({ keyCentre, maximumKeys: 10, now }),
    gsids: [0],
    algorithms: ['SHA-256', 'MD5'],
    qop: ['auth', 'auth-int'],
    challenge,
    nonceSecret: Buffer.alloc(32, secret),
    nonceLifetimeSeconds: 300,
    nonceCountWindow: 8,
    maximumNonces,
    now,
  });
  const field = challenge === 'proxy' ? 'Proxy' : 'WWW';
  const challenges = async (): Promise<string[]> =>
    challengeOf(await authenticator.authenticate(makeRequest())).headers(`${field}-Authenticate`);
  const signed = (offered: readonly string[], changes: Partial<AnswerChallengeInput> = {}): SipRequest => {
    const request = makeRequest();
    const { method, uri, body } = request;
    const answer = answerChallenge({
      challenges: offered,
      username: BTID,
      password: nafKeyPassword(KEY),
      method,
      uri,
      body,
      cnonce: 'c',
      ...changes,
    });
    request.set(challenge === 'proxy' ? 'Proxy-Authorization' : 'Authorization', answer?.credentials ?? '');
    return request;
  };
  return { authenticator, challenges, signed, clock };
}

function challengeOf(result: AuthenticationResult): SipResponse {
  if (result.outcome !== 'challenge') throw new TypeError(`not a challenge: ${result.outcome}`);
  return result.response;
}

function outcomeOf(result: AuthenticationResult): string {
  return 'reason' in result ? `${result.outcome} ${result.reason} ${result.response.status}` : result.outcome;
}

describe('GbaDigestAuthenticator', () => {
  it('challenges with one field an algorithm, in order, with one nonce', async () => {
    for (const [mode, status, name] of [
      ['proxy', 407, 'Proxy-Authenticate'],
      ['server', 401, 'WWW-Authenticate'],
    ] as const) {
      const response = challengeOf(await setUp({ challenge: mode }).authenticator.authenticate(makeRequest()));
      expect(response.status).to.equal(status);
      const [first, second] = response.headers(name);
      expect(first).to.match(
        /^Digest realm="3GPP-bootstrapping@osg\.example\.com", nonce="[\w-]{40}", algorithm=SHA-256, qop="auth,auth-int"$/,
      );
      expect(second).to.equal(first?.replace('SHA-256', 'MD5'));
    }
  });

  it('proves the identity of an agent with the key, and itself to the agent', async () => {
    for (const challenge of ['proxy', 'server'] as const) {
      for (const qop of ['auth', 'auth-int'] as const) {
        const { authenticator, challenges, signed } = setUp({ challenge });
        const offered = await challenges();
        const request = signed(offered, { preferredQop: qop });
        const result = await authenticator.authenticate(request);
        if (result.outcome !== 'authenticated') return expect.fail(outcomeOf(result));
        expect(result.identity).to.deep.equal({
          scheme: 'gba-digest',
          subject: BTID,
          algorithm: 'SHA-256',
          impi: 'alice@ims.example.com',
          impus: ['sip:alice@example.com', 'tel:+1555'],
          securitySettings: [
            { gsid: 0, type: 0, uids: ['sip:alice@example.com', 'tel:+1555'], flags: [] },
            { gsid: 7, type: 7, uids: ['sip:alice@example.com'], flags: [] },
          ],
          expiresAt: START + 3_600_000,
        });
        const response = request.createResponse(200);
        response.setBody('answer', 'text/plain');
        result.decorate?.(response);
        const name = challenge === 'proxy' ? 'Proxy-Authentication-Info' : 'Authentication-Info';
        const answer = answerChallenge({
          challenges: offered,
          username: BTID,
          password: nafKeyPassword(KEY),
          method: '',
          uri: 'sip:bob@example.com',
          body: 'answer',
          cnonce: 'c',
          preferredQop: qop,
        });
        const rspauth = answer?.fields.response;
        expect(parseAuthenticationInfo(response.header(name) ?? '')).to.include({
          rspauth,
          qop,
          cnonce: 'c',
          nc: '00000001',
        });
      }
    }
  });

  it('answers at once when the key is cached', async () => {
    const { authenticator, challenges, signed } = setUp();
    const offered = await challenges();
    await authenticator.authenticate(signed(offered));
    expect(authenticator.authenticate(signed(offered, { nonceCount: 2 }))).to.include({ outcome: 'authenticated' });
  });

  it('lesson 20: tells stale, replay, wrong key, unknown user, expired key and malformed credentials apart', async () => {
    const { authenticator, challenges, signed, clock } = setUp();
    const outcome = async (request: SipRequest): Promise<string> =>
      outcomeOf(await authenticator.authenticate(request));
    const offered = await challenges();
    expect(await outcome(makeRequest())).to.equal('challenge no-credentials 407');
    expect(await outcome(signed(offered))).to.equal('authenticated');
    expect(await outcome(signed(offered))).to.equal('challenge replay 407');
    expect(await outcome(signed(offered, { password: 'x' }))).to.equal('challenge wrong-key 407');
    expect(await outcome(signed(offered, { username: 'AAAA@bsf' }))).to.equal('challenge unknown-user 407');
    expect(await outcome(signed(offered, { username: 'no B-TID' }))).to.equal('challenge unknown-user 407');
    const changed = signed(offered, { preferredQop: 'auth-int', nonceCount: 2 });
    changed.setBody('changed', 'text/plain');
    expect(await outcome(changed)).to.equal('challenge wrong-key 407');
    const broken = makeRequest();
    broken.set('Proxy-Authorization', 'Digest realm="r", realm="r"');
    expect(await outcome(broken)).to.equal('refused malformed-credentials 400');
    const foreign = offered.map((value) => value.replace('SHA-256', 'SHA-512-256'));
    expect(await outcome(signed(foreign, { nonceCount: 3 }))).to.equal('challenge unsupported-credentials 407');
    clock.now += 300_000;
    expect(await outcome(signed(offered, { nonceCount: 4 }))).to.equal('challenge stale 407');
    expect(await outcome(signed(offered, { nonceCount: 4, password: 'x' }))).to.equal('challenge wrong-key 407');
    clock.now += 3_300_000;
    expect(await outcome(signed(await challenges()))).to.equal('challenge expired-key 407');
  });

  it('says stale only to an agent with the right key, also after a restart', async () => {
    const { signed, challenges } = setUp();
    const offered = await challenges();
    const restarted = setUp({ secret: 2 }).authenticator;
    const stale = async (request: SipRequest): Promise<boolean | undefined> =>
      parseChallenge(challengeOf(await restarted.authenticate(request)).header('Proxy-Authenticate') ?? '')?.stale;
    expect(await stale(signed(offered))).to.equal(true);
    expect(await stale(signed(offered, { password: 'x' }))).to.equal(false);
    expect(await stale(makeRequest())).to.equal(false);
  });

  it('gives an unknown user the same answer as a wrong key', async () => {
    const { authenticator, challenges, signed } = setUp();
    const offered = await challenges();
    const answer = async (request: SipRequest): Promise<string> => {
      const text = challengeOf(await authenticator.authenticate(request))
        .toBuffer()
        .toString();
      return text.replaceAll(/nonce="[^"]*"/g, 'nonce=""');
    };
    expect(await answer(signed(offered, { username: 'AAAA@bsf' }))).to.equal(
      await answer(signed(offered, { password: 'x' })),
    );
  });

  it('refuses with 403 and 503 what no credentials can mend', async () => {
    for (const [error, expected] of [
      ['OSGATE_KMC_NOT_AUTHORISED', 'refused not-authorised 403'],
      ['OSGATE_KMC_UNAVAILABLE', 'refused key-centre-unavailable 503'],
    ] as const) {
      const { authenticator, challenges, signed } = setUp({ error });
      const result = await authenticator.authenticate(signed(await challenges()));
      expect(outcomeOf(result)).to.equal(expected);
      if (result.outcome === 'refused')
        expect(result.response.has('Retry-After')).to.equal(error.endsWith('UNAVAILABLE'));
    }
  });

  it('lets no new nonce in while as many as may be live', async () => {
    const { authenticator, challenges, signed, clock } = setUp({ maximumNonces: 1 });
    const first = await challenges();
    const second = await challenges();
    expect(outcomeOf(await authenticator.authenticate(signed(first)))).to.equal('authenticated');
    expect(outcomeOf(await authenticator.authenticate(signed(second)))).to.equal('challenge stale 407');
    expect(outcomeOf(await authenticator.authenticate(signed(first)))).to.equal('challenge replay 407');
    clock.now += 301_000;
    expect(outcomeOf(await authenticator.authenticate(signed(await challenges())))).to.equal('authenticated');
    expect(authenticator.nonceCounters).to.deep.equal({ accepted: 2, replays: 1, full: 1 });
  });

  it('passes over credentials for others, and challenges the empty ones of a first REGISTER', async () => {
    const { authenticator, challenges, signed } = setUp();
    const request = signed(await challenges());
    request.prepend('Proxy-Authorization', 'Digest username="u", realm="other", nonce="n", uri="sip:b", response="00"');
    request.prepend('Proxy-Authorization', 'Bearer x');
    expect(outcomeOf(await authenticator.authenticate(request))).to.equal('authenticated');
    const first = makeRequest('REGISTER');
    first.set('Proxy-Authorization', `Digest username="u", realm="${REALM}", nonce="", uri="sip:b", response=""`);
    expect(outcomeOf(await authenticator.authenticate(first))).to.equal('challenge no-credentials 407');
  });

  it('lesson 24: challenges MESSAGE and every other method, known or not', async () => {
    const chain = new AuthenticatorChain({
      authenticators: [setUp().authenticator, new TrustedAuthenticator({ peers: ['10.0.0.0/8'] })],
      unauthenticatedMethods: ['OPTIONS'],
    });
    const methods = 'INVITE REGISTER MESSAGE SUBSCRIBE NOTIFY PUBLISH REFER INFO UPDATE PRACK BYE FROB options Message';
    for (const method of methods.split(' ')) {
      const result = await chain.authenticate(makeRequest(method), flow);
      expect(outcomeOf(result), method).to.equal('challenge no-credentials 407');
    }
    expect(await chain.authenticate(makeRequest('OPTIONS'), flow)).to.deep.equal({
      outcome: 'authenticated',
      identity: { scheme: 'none', subject: '192.0.2.1', impus: [] },
    });
  });

  it('never challenges ACK and CANCEL, and does not let them in either', async () => {
    const { authenticator } = setUp();
    for (const method of ['ACK', 'CANCEL']) {
      expect(outcomeOf(await authenticator.authenticate(makeRequest(method)))).to.equal('refused no-credentials 403');
    }
  });
});

describe('AuthenticatorChain', () => {
  it('lets a trusted peer in behind a digest authenticator, and knows the realms', async () => {
    const { authenticator, challenges, signed } = setUp();
    const chain = new AuthenticatorChain({
      authenticators: [authenticator, new TrustedAuthenticator({ peers: ['192.0.2.0/24'] })],
    });
    expect(chain.realms).to.deep.equal([REALM]);
    const result = await chain.authenticate(makeRequest(), flow);
    expect(result).to.deep.equal({
      outcome: 'authenticated',
      identity: { scheme: 'trusted', subject: '192.0.2.1', impus: [] },
    });
    const wrong = await chain.authenticate(signed(await challenges(), { password: 'x' }), flow);
    expect(outcomeOf(wrong)).to.equal('challenge wrong-key 407');
  });

  it('has nothing to say without authenticators', async () => {
    expect(outcomeOf(await new AuthenticatorChain({ authenticators: [] }).authenticate(makeRequest(), flow))).to.equal(
      'not-applicable',
    );
  });
});

describe('TrustedAuthenticator', () => {
  it('trusts addresses and ranges of both families, and mapped addresses', () => {
    const trusted = new TrustedAuthenticator({ peers: ['10.0.0.0/8', '192.0.2.7', 'fd00::/8', 'fe80::/10'] });
    for (const address of ['10.1.2.3', '192.0.2.7', 'fd12::1', 'fe80::1%eth0', '::ffff:10.1.2.3']) {
      expect(trusted.trusts(address), address).to.equal(true);
    }
    for (const address of ['11.1.2.3', '192.0.2.8', '2001:db8::1', '', 'host']) {
      expect(trusted.trusts(address), address).to.equal(false);
    }
  });

  it('takes no range that is none', () => {
    for (const peer of ['10.0.0.0/33', '10.0.0.0/', 'host', '10.0.0.0/-1']) {
      expect(() => new TrustedAuthenticator({ peers: [peer] }), peer).to.throw('not an address');
    }
  });
});
