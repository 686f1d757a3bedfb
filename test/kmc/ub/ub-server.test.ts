import { mkdtemp, rm } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import {
  BootstrappingFunction,
  buildAuts,
  ChallengeLimiter,
  computeUbResponse,
  deriveTmpi,
  formatDigestParameters,
  LocalSubscriberSource,
  Milenage,
  parseAutn,
  parseDigestHeader,
  SecretKey,
  SubscriberDatabase,
  UbHandler,
  UbServer,
  verifyAutn,
  type BootstrappingContext,
  type Challenge,
  type UbEvent,
} from '../../../kmc/index.ts';
import { UbClient, SoftwareUsim } from '../../../lib/seca/index.ts';
import { MemoryStore } from '../../../lib/store/index.ts';

const IMPI = '001010000000001@ims.mnc001.mcc001.3gppnetwork.org';
const REALM = 'bsf.example.com';
const k = Buffer.from('465b5ce8b199b49faa5f0a2ee238a6bc', 'hex');
const opc = Buffer.from('cd63cb71954a9f4e48a5994e37a02baf', 'hex');
const milenage = new Milenage(k, opc);

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly challenge: ReadonlyMap<string, string> | undefined;
  readonly body: string;
}

describe('Ub server', () => {
  let folder: string;
  let server: UbServer;
  let database: SubscriberDatabase;
  let events: UbEvent[];
  let url: string;
  let contexts: MemoryStore<BootstrappingContext>;

  const start = async (burst: number): Promise<void> => {
    events = [];
    contexts = new MemoryStore<BootstrappingContext>({});
    const bootstrapping = new BootstrappingFunction({
      source: new LocalSubscriberSource({ database }),
      challenges: new MemoryStore<Challenge>({}),
      contexts,
      temporaryIdentities: new MemoryStore<string>({}),
      limiter: new ChallengeLimiter({ burst, perSecond: 1 }),
      domain: REALM,
      keyLifetimeSeconds: 3600,
      challengeLifetimeSeconds: 60,
    });
    const handler = new UbHandler({ bootstrapping, realm: REALM, onEvent: (event) => events.push(event) });
    server = await UbServer.listen({ handler, host: '127.0.0.1', port: 0 });
    url = `http://127.0.0.1:${server.port}/`;
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'osgate-ub-'));
    database = SubscriberDatabase.open(join(folder, 'subscribers.db'), new SecretKey(randomBytes(32)));
    const settings = { bsfInfo: {}, ussList: [] };
    database.add({ impi: IMPI, impus: ['sip:a@example.com'], k, opc, amf: Buffer.alloc(2), sqn: 0n, settings });
    await start(100);
  });

  afterEach(async () => {
    await server.close();
    database.close();
    await rm(folder, { recursive: true });
  });

  const get = async (parameters: Record<string, string>, path = ''): Promise<Answer> => {
    const authorization = `Digest ${formatDigestParameters({ uri: '/', ...parameters }, new Set(['qop', 'nc', 'algorithm']))}`;
    const response = await fetch(url + path, { headers: { authorization, 'user-agent': 'test 3gpp-gba-tmpi' } });
    const { status, headers } = response;
    const challenge = parseDigestHeader(headers.get('www-authenticate') ?? '');
    return { status, headers, challenge, body: await response.text() };
  };

  const first = async (username = IMPI): Promise<Answer> => get({ username, realm: REALM, nonce: '', response: '' });

  const answer = async (
    challenge: Answer['challenge'],
    changes: Record<string, string> = {},
    password?: Uint8Array,
  ) => {
    const nonce = challenge?.get('nonce') ?? '';
    const rand = Buffer.from(nonce, 'base64').subarray(0, 16);
    const digest = { username: IMPI, realm: REALM, nonce, nc: '00000001', cnonce: 'abc', uri: '/', body: '' };
    const res = password ?? milenage.f2345(rand).res;
    const response = computeUbResponse({ ...digest, password: res, method: 'GET' });
    const { username, realm, nc, cnonce, uri } = digest;
    return get({ username, realm, nonce, nc, cnonce, uri, qop: 'auth-int', response, ...changes });
  };

  it('challenges with AKAv1-MD5, auth-int, and RAND || AUTN for a nonce that the card takes', async () => {
    const { status, challenge, headers } = await first();
    expect(status).to.equal(401);
    expect(challenge?.get('realm')).to.equal(REALM);
    expect(challenge?.get('algorithm')).to.equal('AKAv1-MD5');
    expect(challenge?.get('qop')).to.equal('auth-int');
    expect(headers.get('server')).to.contain('3gpp-gba-tmpi');
    const nonce = Buffer.from(challenge?.get('nonce') ?? '', 'base64');
    expect(nonce.length).to.equal(32);
    expect(parseAutn(nonce.subarray(16))).to.not.equal(undefined);
    expect(verifyAutn(milenage, nonce.subarray(0, 16), nonce.subarray(16))).to.not.equal(undefined);
  });

  it('gives B-TID and lifetime for the right RES, and proves itself', async () => {
    const { status, headers, body } = await answer((await first()).challenge);
    expect(status).to.equal(200);
    expect(headers.get('content-type')).to.equal('application/vnd.3gpp.bsf+xml');
    expect(headers.get('authentication-info')).to.match(/rspauth="[0-9a-f]{32}"/);
    expect(headers.get('cache-control')).to.equal('no-store');
    expect(body).to.contain(`@${REALM}</btid>`);
  });

  it('works with the agent’s own client, which checks rspauth', async () => {
    const uicc = new SoftwareUsim({ k, opc });
    const keys = await new UbClient({ url, impi: IMPI, uicc, timeoutMilliseconds: 5000 }).bootstrap();
    const context = await contexts.get(keys.btid);
    expect(context?.ks.equals(keys.ks)).to.equal(true);
    expect(context?.impi).to.equal(IMPI);
  });

  it('resynchronises by AUTS, and takes the card from there', async () => {
    const { challenge } = await first();
    const rand = Buffer.from(challenge?.get('nonce') ?? '', 'base64').subarray(0, 16);
    const sqnMs = 0x10000n * 32n;
    const auts = buildAuts(milenage, rand, sqnMs).toString('base64');
    const again = await answer(challenge, { auts }, new Uint8Array());
    expect(again.status).to.equal(401);
    const nonce = Buffer.from(again.challenge?.get('nonce') ?? '', 'base64');
    const verified = verifyAutn(milenage, nonce.subarray(0, 16), nonce.subarray(16));
    expect(verified?.sqn !== undefined && verified.sqn > sqnMs).to.equal(true);
    expect((await answer(again.challenge)).status).to.equal(200);
  });

  it('refuses an AUTS that does not verify', async () => {
    const { challenge } = await first();
    const forged = await answer(challenge, { auts: Buffer.alloc(14, 1).toString('base64') }, new Uint8Array());
    expect(forged.status).to.equal(403);
  });

  it('challenges again for a wrong RES, and the old challenge is spent', async () => {
    const { challenge } = await first();
    const wrong = await answer(challenge, {}, Buffer.alloc(8));
    expect(wrong.status).to.equal(401);
    expect(wrong.challenge?.get('nonce')).to.not.equal(challenge?.get('nonce'));
    expect(wrong.challenge?.get('stale')).to.equal(undefined);
    expect((await answer(challenge)).challenge?.get('stale')).to.equal('true');
    expect(events.map((event) => (event.outcome === 'refused' ? event.reason : event.outcome))).to.deep.equal([
      'challenged',
      'wrong-response',
      'stale-nonce',
    ]);
  });

  it('does not take a nonce twice', async () => {
    const { challenge } = await first();
    expect((await answer(challenge)).status).to.equal(200);
    const replayed = await answer(challenge);
    expect(replayed.status).to.equal(401);
    expect(replayed.challenge?.get('stale')).to.equal('true');
  });

  it('serves a TMPI in place of the IMPI, and derives for the IMPI', async () => {
    const uicc = new SoftwareUsim({ k, opc });
    const { ks, rand } = await new UbClient({ url, impi: IMPI, uicc, timeoutMilliseconds: 5000 }).bootstrap();
    const tmpi = deriveTmpi({ ks, rand, impi: IMPI, domain: REALM });
    const second = await new UbClient({ url, impi: tmpi, uicc, timeoutMilliseconds: 5000 }).bootstrap();
    expect((await contexts.get(second.btid))?.impi).to.equal(IMPI);
  });

  it('answers 403 for an unknown identity, 400 for what is malformed, 404 and 405 for what is not Ub', async () => {
    expect((await first('nobody@example.com')).status).to.equal(403);
    const { challenge } = await first();
    const wrong: Record<string, string>[] = [
      { qop: 'auth' },
      { nc: '00000002' },
      { cnonce: '' },
      { response: 'x' },
      { realm: 'other' },
      { uri: '/x' },
    ];
    for (const changes of wrong) {
      expect((await answer(challenge, changes)).status, JSON.stringify(changes)).to.equal(400);
    }
    expect((await fetch(url)).status).to.equal(400);
    expect((await get({ username: IMPI, realm: REALM, nonce: '', response: '' }, 'other')).status).to.equal(404);
    expect((await fetch(url, { method: 'POST', body: 'x' })).status).to.equal(405);
  });

  it('bounds how many challenges one identity draws, so that nobody runs its SQN dry', async () => {
    await server.close();
    await start(3);
    const statuses = [];
    for (let count = 0; count < 5; count++) statuses.push((await first()).status);
    expect(statuses).to.deep.equal([401, 401, 401, 503, 503]);
  });
});
