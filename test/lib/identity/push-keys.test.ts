import { expect } from 'chai';

import {
  AuthenticatorChain,
  ChannelPeer,
  PushDigestAuthenticator,
  PushKeyCache,
  PushPsk,
  type AuthenticationResult,
  type Identity,
} from '../../../lib/identity/index.ts';
import { MemoryStore } from '../../../lib/store/index.ts';
import {
  derivePushPassword,
  derivePushPsk,
  formatPushPskIdentity,
  GatewayAssociations,
  type GatewayAssociation,
} from '../../../push/index.ts';
import { answerChallenge } from '../../../sip/digest/index.ts';
import { SipRequest } from '../../../sip/message/index.ts';
import type { Flow } from '../../../sip/transport/transport.ts';

const START = 1_700_000_000_000;
const END = START + 60_000;
const PTID = 'cHRpZC1vZi1hbGljZQ';
const REALM = 'osgate-gba-push@osg.example.com';
const NAF_KEY = Buffer.alloc(32, 7);
const ALICE = 'sip:alice@example.com';
const WORK = 'sip:alice-work@example.com';

const ASSOCIATION: GatewayAssociation = {
  ptid: PTID,
  rand: Buffer.alloc(16, 1),
  nafId: { fqdn: 'osg.example.com', protocol: '0100000005' },
  mode: 'GBA_ME',
  nafKey: NAF_KEY,
  createdAt: START,
  expiresAt: END,
  nextToSend: 1,
  highestReceived: 0,
  subscriber: ALICE,
  publicIdentity: ALICE,
  impi: 'alice@ims.example.com',
};

const FLOW: Flow = {
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

async function setUp(changes: Partial<GatewayAssociation> = {}, gsids: readonly number[] = [0]) {
  const clock = { now: START, fails: false, looked: 0 };
  const now = (): number => clock.now;
  const store = new MemoryStore<GatewayAssociation>({ now });
  const associations = new GatewayAssociations({ store, now });
  await associations.add({ ...ASSOCIATION, ...changes });
  const source = {
    find: async (ptid: string) => {
      clock.looked++;
      if (clock.fails) throw new Error('the disk is gone');
      return associations.find(ptid);
    },
  };
  const keys = new PushKeyCache({ associations: source, fqdn: 'OSG.example.com', gsids, maximumKeys: 10, now });
  const digest = new PushDigestAuthenticator({
    realm: REALM,
    keys,
    algorithms: ['SHA-256', 'MD5'],
    qop: ['auth'],
    challenge: 'proxy',
    nonceSecret: Buffer.alloc(32, 1),
    nonceLifetimeSeconds: 300,
    nonceCountWindow: 64,
    maximumNonces: 100,
    now,
  });
  const chain = new AuthenticatorChain({ authenticators: [digest] });
  return { clock, associations, keys, psk: new PushPsk({ keys, now }), chain };
}

/** A peer whose association proved it to be that subscriber. */
class ProvenPeer extends ChannelPeer {
  readonly address = '192.0.2.1';
  readonly port = 5061;
  readonly association = 1;
  readonly identity: Identity;

  constructor(impi: string) {
    super();
    this.identity = { scheme: 'push-psk', subject: 'x', impi, impus: [] };
  }
}

type World = Awaited<ReturnType<typeof setUp>>;

function makeRequest(): SipRequest {
  const request = new SipRequest('MESSAGE', 'sip:bob@example.com');
  request.append('Via', 'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1');
  request.append('From', `<${ALICE}>;tag=1`);
  request.append('To', '<sip:bob@example.com>');
  request.append('Call-ID', 'c');
  request.append('CSeq', '1 MESSAGE');
  return request;
}

/** A request with credentials, made from a fresh challenge. */
async function signed({ chain }: World, username = PTID, password = derivePushPassword(NAF_KEY)): Promise<SipRequest> {
  const first = await chain.authenticate(makeRequest(), FLOW);
  if (first.outcome !== 'challenge') throw new Error('no challenge');
  const request = makeRequest();
  const answer = answerChallenge({
    challenges: first.response.headers('Proxy-Authenticate'),
    realm: REALM,
    username,
    password,
    method: 'MESSAGE',
    uri: request.uri,
    cnonce: '0011',
    body: '',
  });
  request.append('Proxy-Authorization', answer?.credentials ?? '');
  return request;
}

async function authenticate(
  world: World,
  ...credentials: [username?: string, password?: string]
): Promise<AuthenticationResult> {
  return world.chain.authenticate(await signed(world, ...credentials), FLOW);
}

/** What is on the wire, without the nonces. */
function wireOf(result: AuthenticationResult): string {
  if (result.outcome !== 'challenge') throw new Error(`no challenge but ${result.outcome}`);
  return result.response
    .toBuffer()
    .toString()
    .replaceAll(/nonce="[^"]*"/g, '');
}

function reasonOf(result: AuthenticationResult): string {
  return 'reason' in result ? result.reason : result.outcome;
}

describe('digest with the NAF SA of a push', () => {
  it('lets in who has the key of a P-TID, as the subscriber that the push went to, and proves the gateway in return', async () => {
    const result = await authenticate(await setUp());
    if (result.outcome !== 'authenticated') throw new Error(reasonOf(result));
    expect(result.identity).to.deep.equal({
      scheme: 'push-digest',
      subject: PTID,
      algorithm: 'SHA-256',
      impi: 'alice@ims.example.com',
      impus: [ALICE],
      securitySettings: [],
      expiresAt: END,
    });
    const response = makeRequest().createResponse(200);
    result.decorate?.(response);
    expect(response.header('Proxy-Authentication-Info')).to.match(/rspauth="[0-9a-f]{64}"/);
  });

  it('answers an unknown, an ended and a wrong key alike, with reasons of their own', async () => {
    const world = await setUp();
    const wrong = await authenticate(world, PTID, 'wrong');
    const unknown = await authenticate(world, 'bm9ib2R5');
    world.clock.now = END;
    const ended = await authenticate(world);
    expect([wrong, unknown, ended].map(reasonOf)).to.deep.equal([
      'wrong-key',
      'unknown-association',
      'expired-association',
    ]);
    expect(new Set([wrong, unknown, ended].map(wireOf)).size).to.equal(1);
    expect(wireOf(ended)).not.to.contain('stale');
  });

  it('calls an ended one unknown where the process has not seen it alive', async () => {
    const world = await setUp();
    world.clock.now = END;
    expect(reasonOf(await authenticate(world))).to.equal('unknown-association');
  });

  it('takes a nonce count once', async () => {
    const world = await setUp();
    const request = await signed(world);
    expect(reasonOf(await world.chain.authenticate(request, FLOW))).to.equal('authenticated');
    expect(reasonOf(await world.chain.authenticate(request, FLOW))).to.equal('replay');
  });

  it('takes neither the NAF key itself nor the key for DTLS as the password', async () => {
    const world = await setUp();
    for (const key of [NAF_KEY, derivePushPsk(NAF_KEY)]) {
      expect(reasonOf(await authenticate(world, PTID, key.toString('base64')))).to.equal('wrong-key');
    }
  });

  it('knows the next push by itself, also after its P-TID was tried', async () => {
    const world = await setUp();
    expect(reasonOf(await authenticate(world, 'bmV4dA'))).to.equal('unknown-association');
    await world.associations.add({ ...ASSOCIATION, ptid: 'bmV4dA', rand: Buffer.alloc(16, 2) });
    expect(reasonOf(await authenticate(world, 'bmV4dA'))).to.equal('unknown-association');
    world.clock.now += 1000;
    expect(reasonOf(await authenticate(world, 'bmV4dA'))).to.equal('authenticated');
  });

  it('says 503 while the store cannot be read, and goes on afterwards', async () => {
    const world = await setUp();
    world.clock.fails = true;
    const result = await authenticate(world);
    expect(reasonOf(result)).to.equal('associations-unavailable');
    expect(result.outcome === 'refused' && result.response.status).to.equal(503);
    world.clock.fails = false;
    expect(reasonOf(await authenticate(world))).to.equal('authenticated');
  });

  it('does not let one NAF SA speak through the association of another subscriber', async () => {
    const world = await setUp();
    const throughOther = { ...FLOW, peer: new ProvenPeer('bob@ims.example.com') };
    const result = await world.chain.authenticate(await signed(world), throughOther);
    expect(reasonOf(result)).to.equal('channel-mismatch');
    const throughOwn = { ...FLOW, peer: new ProvenPeer('alice@ims.example.com') };
    expect(reasonOf(await world.chain.authenticate(await signed(world), throughOwn))).to.equal('authenticated');
  });
});

describe('the public identities of who was pushed to', () => {
  const settings = [
    { gsid: 0, flags: [1], uids: [WORK, ALICE] },
    { gsid: 7, flags: [], uids: ['sip:elsewhere@example.com'] },
  ];

  async function impusOf(changes: Partial<GatewayAssociation>, gsids?: readonly number[]): Promise<readonly string[]> {
    const { keys } = await setUp(changes, gsids);
    const lookup = await keys.find(PTID);
    if (lookup.outcome === 'unavailable') throw new Error('unavailable');
    return lookup.keys.person.impus;
  }

  it('are those of the settings that the listener asks for, the recipient first', async () => {
    expect(await impusOf({ securitySettings: settings })).to.deep.equal([ALICE, WORK]);
    expect(await impusOf({ securitySettings: settings }, [7])).to.deep.equal(['sip:elsewhere@example.com']);
  });

  it('are the recipient alone where there are no settings, and none for a private identity', async () => {
    expect(await impusOf({ securitySettings: [] })).to.deep.equal([ALICE]);
    const { keys, associations } = await setUp();
    const byImpi = { ...ASSOCIATION, ptid: 'aW1waQ', rand: Buffer.alloc(16, 3), subscriber: 'alice@ims.example.com' };
    Reflect.deleteProperty(byImpi, 'publicIdentity');
    await associations.add(byImpi);
    const lookup = await keys.find('aW1waQ');
    expect(lookup.outcome === 'found' && lookup.keys.person.impus).to.deep.equal([]);
  });

  it('are nobody’s at a listener of another FQDN', async () => {
    const { keys } = await setUp({ nafId: { fqdn: 'other.example.com', protocol: '0100000005' } });
    expect((await keys.find(PTID)).outcome).to.equal('unknown');
    expect(keys.counters).to.include({ otherNaf: 1 });
  });
});

describe('a pre-shared key from the NAF SA of a push', () => {
  const ask = async ({ psk }: World, identity: string) => psk.lookUp({ identity, cipherSuiteCode: 0xa8 });

  it('is found by the P-TID behind the name of such keys, and ends with the NAF SA', async () => {
    const world = await setUp();
    const proof = await ask(world, formatPushPskIdentity(PTID));
    expect(proof?.key).to.deep.equal(derivePushPsk(NAF_KEY));
    expect(proof?.identity).to.deep.include({ scheme: 'push-psk', subject: PTID, impus: [ALICE], expiresAt: END });
    if (proof === undefined) return;
    expect(world.psk.isCurrent(proof.identity)).to.equal(true);
    world.clock.now = END;
    expect(world.psk.isCurrent(proof.identity)).to.equal(false);
    expect(await ask(world, formatPushPskIdentity(PTID))).to.equal(undefined);
  });

  it('is not there for other identities, and each kind is counted', async () => {
    const world = await setUp();
    for (const identity of [PTID, `3GPP-bootstrapping;${PTID}`, formatPushPskIdentity('bm9ib2R5')]) {
      expect(await ask(world, identity), identity).to.equal(undefined);
    }
    world.clock.fails = true;
    expect(await ask(world, formatPushPskIdentity('ZGlzaw'))).to.equal(undefined);
    expect(world.psk.counters).to.deep.equal({ found: 0, malformed: 2, unknown: 1, expired: 0, unavailable: 1 });
  });

  it('is looked up once, and no look is spent on a name that is too long', async () => {
    const world = await setUp();
    for (let again = 0; again < 3; again++) await ask(world, formatPushPskIdentity(PTID));
    await ask(world, formatPushPskIdentity('x'.repeat(256)));
    expect(world.clock.looked).to.equal(1);
    expect(world.keys.counters).to.include({ hits: 2, lookups: 2, unknown: 1 });
  });

  it('remembers no more P-TIDs than it may, and made-up ones push no key out', async () => {
    const world = await setUp();
    await ask(world, formatPushPskIdentity(PTID));
    for (let made = 0; made < 50; made++) await ask(world, formatPushPskIdentity(`made-up-${made}`));
    await ask(world, formatPushPskIdentity('made-up-0'));
    expect(world.clock.looked).to.equal(52);
    await ask(world, formatPushPskIdentity(PTID));
    expect(world.clock.looked).to.equal(52);
  });
});
