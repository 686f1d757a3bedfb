import { expect } from 'chai';

import { KmcError } from '../../../kmc/errors.ts';
import type { DigestUser, DigestUserSource } from '../../../kmc/subscribers/index.ts';
import {
  AuthenticatorChain,
  DigestAuthenticator,
  DigestUserCache,
  TrustedAuthenticator,
  type AuthenticationResult,
  type DigestAuthenticatorOptions,
} from '../../../lib/identity/index.ts';
import { answerChallenge, parseChallenge, type AnswerChallengeInput } from '../../../sip/digest/index.ts';
import { SipRequest, type SipResponse } from '../../../sip/message/index.ts';
import type { Flow } from '../../../sip/transport/transport.ts';

const REALM = 'osg.example.com';
const PASSWORD = 'correct horse';
const START = 1_700_000_000_000;

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

function makeRequest(method = 'MESSAGE'): SipRequest {
  const request = new SipRequest(method, 'sip:bob@example.com');
  request.append('Via', 'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1');
  request.append('From', '<sip:desk@example.com>;tag=1');
  request.append('To', '<sip:bob@example.com>');
  request.append('Call-ID', 'c');
  request.append('CSeq', `1 ${method}`);
  request.setBody('hello', 'text/plain');
  return request;
}

/** Users in memory that count how often they are asked for. */
class Users implements DigestUserSource {
  readonly users = new Map<string, DigestUser>();
  readonly asked: string[] = [];
  broken = false;

  set(impi: string, password: string | Buffer): void {
    const settings = [
      { gsid: 0, type: 0, uids: [`sip:${impi}@example.com`], flags: [1] },
      { gsid: 7, type: 7, uids: ['sip:other@example.com'], flags: [] },
      { gsid: 0, type: 0, nafGroup: 'others', uids: ['sip:third@example.com'], flags: [2] },
    ];
    this.users.set(impi, { impi, password: Buffer.from(password), securitySettings: settings });
  }

  async find(username: string): Promise<DigestUser | undefined> {
    this.asked.push(username);
    if (this.broken) throw new KmcError('OSGATE_KMC_UNAVAILABLE', 'gone');
    return Promise.resolve(this.users.get(username));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

type Setup = Partial<Omit<DigestAuthenticatorOptions, 'users'>> & { maximumUsers?: number };

function setUp({ maximumUsers = 10, ...changes }: Setup = {}) {
  const clock = { now: START };
  const now = (): number => clock.now;
  const users = new Users();
  users.set('desk', PASSWORD);
  const algorithms = changes.algorithms ?? ['SHA-256', 'MD5'];
  const realm = changes.realm ?? REALM;
  const cache = new DigestUserCache({
    source: users,
    realm,
    algorithms,
    gsids: [0],
    maximumUsers,
    keepSeconds: 60,
    keepUnknownSeconds: 10,
    now,
  });
  const authenticator = new DigestAuthenticator({
    realm,
    users: cache,
    qop: ['auth', 'auth-int'],
    challenge: 'proxy',
    nonceSecret: Buffer.alloc(32, 1),
    nonceLifetimeSeconds: 300,
    nonceCountWindow: 8,
    maximumNonces: 100,
    now,
    ...changes,
    algorithms,
  });
  const challenges = async (): Promise<string[]> =>
    responseOf(await authenticator.authenticate(makeRequest())).headers('Proxy-Authenticate');
  const outcome = async (request: SipRequest): Promise<string> => outcomeOf(await authenticator.authenticate(request));
  return { authenticator, cache, users, clock, challenges, outcome };
}

function signed(offered: readonly string[], changes: Partial<AnswerChallengeInput> = {}): SipRequest {
  const request = makeRequest();
  const { method, uri, body } = request;
  const answer = answerChallenge({
    challenges: offered,
    username: 'desk',
    password: PASSWORD,
    method,
    uri,
    body,
    cnonce: 'c',
    ...changes,
  });
  request.set('Proxy-Authorization', answer?.credentials ?? '');
  return request;
}

function responseOf(result: AuthenticationResult): SipResponse {
  if (!('response' in result)) throw new TypeError(`no response: ${result.outcome}`);
  return result.response;
}

function outcomeOf(result: AuthenticationResult): string {
  return 'reason' in result ? `${result.outcome} ${result.reason} ${result.response.status}` : result.outcome;
}

describe('DigestAuthenticator', () => {
  it('proves who a user is, with the settings of the GSIDs that are asked for, and itself to the agent', async () => {
    const { authenticator, challenges } = setUp();
    const request = signed(await challenges());
    const result = await authenticator.authenticate(request);
    if (result.outcome !== 'authenticated') return expect.fail(outcomeOf(result));
    expect(result.identity).to.deep.equal({
      scheme: 'digest',
      subject: 'desk',
      algorithm: 'SHA-256',
      impi: 'desk',
      impus: ['sip:desk@example.com'],
      securitySettings: [{ gsid: 0, type: 0, uids: ['sip:desk@example.com'], flags: [1] }],
    });
    const response = request.createResponse(200);
    result.decorate?.(response);
    expect(response.header('Proxy-Authentication-Info')).to.match(/rspauth="[0-9a-f]{64}"/);
  });

  it('takes names and passwords of any character set by their octets', async () => {
    const { users, challenges, outcome } = setUp();
    const name = Buffer.from('jürgen', 'utf8').toString('latin1');
    users.set(name, 'pässword');
    const password = Buffer.from('pässword', 'utf8').toString('latin1');
    expect(await outcome(signed(await challenges(), { username: name, password }))).to.equal('authenticated');
  });

  it('lesson 20: tells stale, replay, wrong key and unknown user apart', async () => {
    const { challenges, outcome, clock } = setUp();
    const offered = await challenges();
    expect(await outcome(makeRequest())).to.equal('challenge no-credentials 407');
    expect(await outcome(signed(offered))).to.equal('authenticated');
    expect(await outcome(signed(offered))).to.equal('challenge replay 407');
    expect(await outcome(signed(offered, { password: 'x' }))).to.equal('challenge wrong-key 407');
    expect(await outcome(signed(offered, { username: 'nobody' }))).to.equal('challenge unknown-user 407');
    clock.now += 300_000;
    expect(await outcome(signed(offered, { nonceCount: 4 }))).to.equal('challenge stale 407');
    expect(await outcome(signed(offered, { nonceCount: 4, password: 'x' }))).to.equal('challenge wrong-key 407');
    expect(await outcome(signed(offered, { nonceCount: 4, username: 'nobody' }))).to.equal(
      'challenge unknown-user 407',
    );
  });

  it('lesson 19: gateways with one secret accept each other’s nonces, those with another say stale', async () => {
    const first = setUp();
    const second = setUp();
    const stranger = setUp({ nonceSecret: Buffer.alloc(32, 2) });
    const offered = await first.challenges();
    expect(await second.outcome(signed(offered))).to.equal('authenticated');
    expect(await first.outcome(signed(offered, { nonceCount: 2 }))).to.equal('authenticated');
    expect(await stranger.outcome(signed(offered))).to.equal('challenge stale 407');
    expect(await setUp({ realm: 'other' }).outcome(signed(offered)), 'another realm').to.equal(
      'challenge no-credentials 407',
    );
  });

  it('lesson 21: offers SHA-256 first, and MD5 only where the policy has it', async () => {
    const both = setUp();
    const offered = await both.challenges();
    expect(offered.map((value) => parseChallenge(value)?.algorithm)).to.deep.equal(['SHA-256', 'MD5']);
    expect(await both.outcome(signed(offered, { algorithms: ['MD5'] }))).to.equal('authenticated');
    const strict = setUp({ algorithms: ['SHA-256'] });
    expect((await strict.challenges()).length).to.equal(1);
    expect(await strict.outcome(signed(offered, { algorithms: ['MD5'] }))).to.equal(
      'challenge unsupported-credentials 407',
    );
    const withoutName = signed(offered, { algorithms: ['MD5'] });
    const credentials = withoutName.header('Proxy-Authorization') ?? '';
    withoutName.set('Proxy-Authorization', credentials.replace(', algorithm=MD5', ''));
    expect(await strict.outcome(withoutName), 'absent means MD5').to.equal('challenge unsupported-credentials 407');
  });

  it('lesson 22: takes nonce counts out of order within the window, each once', async () => {
    const { challenges, outcome } = setUp();
    const offered = await challenges();
    const outcomes: string[] = [];
    for (const nonceCount of [3, 1, 2, 2, 20, 13, 12]) outcomes.push(await outcome(signed(offered, { nonceCount })));
    const ok = 'authenticated';
    const replay = 'challenge replay 407';
    expect(outcomes).to.deep.equal([ok, ok, ok, replay, ok, ok, replay]);
  });

  it('gives an unknown user the same answer as a wrong password, after the same work', async () => {
    const { authenticator, cache, challenges, users } = setUp();
    const offered = await challenges();
    const answer = async (request: SipRequest): Promise<string> =>
      responseOf(await authenticator.authenticate(request))
        .toText()
        .replaceAll(/nonce="[^"]*"/g, 'nonce=""');
    const unknown = await answer(signed(offered, { username: 'nobody' }));
    expect(unknown).to.equal(await answer(signed(offered, { password: 'x' })));
    expect(unknown).not.to.match(/Warning|stale/);
    // What stands for the two in the cache has the same form, and HA1s of the same length that are of no use.
    const [desk, nobody] = [cache.find('desk'), cache.find('nobody')];
    if (desk instanceof Promise || nobody instanceof Promise) return expect.fail('not cached');
    if (desk === 'unavailable' || nobody === 'unavailable') return expect.fail('unavailable');
    expect([...nobody.proofs.keys()]).to.deep.equal([...desk.proofs.keys()]);
    expect(nobody.proofs.get('SHA-256')?.ha1).to.match(/^[0-9a-f]{64}$/);
    expect(users.asked).to.deep.equal(['nobody', 'desk']);
    expect(JSON.stringify([...desk.proofs])).not.to.include(PASSWORD);
  });

  it('answers at once when the user is cached, known or not', async () => {
    const { authenticator, challenges } = setUp();
    const offered = await challenges();
    await authenticator.authenticate(signed(offered));
    expect(authenticator.authenticate(signed(offered, { nonceCount: 2 }))).to.include({ outcome: 'authenticated' });
    await authenticator.authenticate(signed(offered, { username: 'nobody' }));
    expect(authenticator.authenticate(signed(offered, { username: 'nobody' }))).to.include({ reason: 'unknown-user' });
  });

  it('notices a changed password and a removed user within the time that it keeps users, and new ones sooner', async () => {
    const { challenges, outcome, users, clock } = setUp();
    const attempt = async (password: string, username = 'desk'): Promise<string> =>
      outcome(signed(await challenges(), { password, username }));
    expect(await attempt(PASSWORD)).to.equal('authenticated');
    users.set('desk', 'new');
    clock.now += 59_999;
    expect(await attempt(PASSWORD)).to.equal('authenticated');
    clock.now += 1;
    expect(await attempt(PASSWORD)).to.equal('challenge wrong-key 407');
    expect(await attempt('new')).to.equal('authenticated');
    users.users.delete('desk');
    clock.now += 60_000;
    expect(await attempt('new')).to.equal('challenge unknown-user 407');
    users.set('desk', 'back');
    clock.now += 9_999;
    expect(await attempt('back')).to.equal('challenge unknown-user 407');
    clock.now += 1;
    expect(await attempt('back')).to.equal('authenticated');
  });

  it('answers 503 while the users cannot be asked for, and keeps serving those it has', async () => {
    const { authenticator, challenges, outcome, users, cache } = setUp();
    const offered = await challenges();
    expect(await outcome(signed(offered))).to.equal('authenticated');
    users.broken = true;
    expect(await outcome(signed(offered, { nonceCount: 2 }))).to.equal('authenticated');
    const result = await authenticator.authenticate(signed(offered, { username: 'other' }));
    expect(outcomeOf(result)).to.equal('refused users-unavailable 503');
    expect(responseOf(result).has('Retry-After')).to.equal(true);
    expect(cache.counters).to.include({ failures: 1 });
  });

  it('challenges together with the other authenticators of a listener (RFC 3261 22.3)', async () => {
    const first = setUp({ realm: 'first' });
    const second = setUp({ realm: 'second' });
    const chain = new AuthenticatorChain({
      authenticators: [
        first.authenticator,
        new TrustedAuthenticator({ peers: ['10.0.0.0/8'] }),
        second.authenticator,
        setUp({ realm: 'third', challenge: 'server' }).authenticator,
      ],
    });
    const result = await chain.authenticate(makeRequest(), flow);
    expect(outcomeOf(result)).to.equal('challenge no-credentials 407');
    const response = responseOf(result);
    expect(response.headers('Proxy-Authenticate').map((value) => parseChallenge(value)?.realm)).to.deep.equal([
      'first',
      'first',
      'second',
      'second',
    ]);
    expect(response.has('WWW-Authenticate')).to.equal(false);
    const offered = response.headers('Proxy-Authenticate');
    for (const realm of ['first', 'second']) {
      const settled = await chain.authenticate(signed(offered, { realm }), flow);
      expect(settled.outcome, realm).to.equal('authenticated');
    }
  });
});

describe('DigestUserCache', () => {
  it('asks once for all who wait for the same user', async () => {
    const { cache, users } = setUp();
    const [first, second] = await Promise.all([cache.find('desk'), cache.find('desk')]);
    expect(first).to.equal(second);
    expect(users.asked).to.deep.equal(['desk']);
    expect(cache.counters).to.include({ lookups: 1, joined: 1 });
  });

  it('keeps made-up names from pushing users out, and bounds both', async () => {
    const { cache, users } = setUp({ maximumUsers: 3 });
    await cache.find('desk');
    for (let number = 0; number < 50; number++) await cache.find(`made-up-${number}`);
    expect(cache.find('desk')).not.to.be.instanceOf(Promise);
    expect(cache.find('made-up-49'), 'remembered as unknown').not.to.be.instanceOf(Promise);
    expect(cache.find('made-up-0'), 'forgotten').to.be.instanceOf(Promise);
    expect(users.asked.length).to.equal(52);
    expect(cache.counters).to.include({ hits: 1, unknownHits: 1, unknown: 50 });
  });

  it('refuses look-ups beyond as many at once as it may keep users', async () => {
    const { cache } = setUp({ maximumUsers: 2 });
    const waiting = [cache.find('a'), cache.find('b')];
    expect(cache.find('c')).to.equal('unavailable');
    expect(cache.counters).to.include({ full: 1 });
    for (const lookup of waiting) await lookup;
    expect(await cache.find('c')).not.to.equal('unavailable');
  });
});
