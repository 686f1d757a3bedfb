import { expect } from 'chai';
import { buildAuts, indexOf, Milenage, SqnArray, verifyAutn } from '../../../kmc/aka/index.ts';
import { KmcError } from '../../../kmc/errors.ts';
import {
  LocalSubscriberSource,
  SecretKey,
  SubscriberDatabase,
  type AuthenticationVector,
  type Subscriber,
} from '../../../kmc/subscribers/index.ts';
import { KEY, TEST_SUBSCRIBER } from './test-subscriber.ts';

const milenage = new Milenage(TEST_SUBSCRIBER.k, TEST_SUBSCRIBER.opc);
const { impi } = TEST_SUBSCRIBER;

describe('LocalSubscriberSource', () => {
  let database: SubscriberDatabase;
  let source: LocalSubscriberSource;

  beforeEach(() => {
    database = SubscriberDatabase.open(':memory:', new SecretKey(KEY));
    database.add(TEST_SUBSCRIBER);
    source = new LocalSubscriberSource({ database });
  });

  afterEach(async () => {
    await source.close();
  });

  it('draws vectors that the card accepts, each with a higher SQN, the IND of its own and the subscriber’s AMF', async () => {
    const card = new SqnArray();
    let last = 0n;
    for (let index = 0; index < 50; index++) {
      const { vector } = await source.authenticationVector(impi);
      const { sqn, amf } = look(vector);
      expect(card.accept(sqn)).to.equal('accepted');
      expect(sqn > last).to.equal(true);
      expect(indexOf(sqn)).to.equal(31);
      expect(amf.toString('hex')).to.equal('4321');
      expect(database.get(impi)?.sqn).to.equal(sqn);
      last = sqn;
    }
  });

  it('gives a new RAND each time', async () => {
    const first = await source.authenticationVector(impi);
    const second = await source.authenticationVector(impi);
    expect(first.vector.rand.equals(second.vector.rand)).to.equal(false);
  });

  it('goes on from SQN_MS after an AUTS that verifies, with the subscriber’s AMF in the new vector', async () => {
    const card = new SqnArray({ accepted: [0x123456789a9fn] });
    const refused = (await source.authenticationVector(impi)).vector;
    expect(card.accept(look(refused).sqn)).not.to.equal('accepted');
    const auts = buildAuts(milenage, refused.rand, card.sqnMs);
    const { vector } = await source.authenticationVector(impi, { rand: refused.rand, auts });
    expect(card.accept(look(vector).sqn)).to.equal('accepted');
    expect(look(vector).amf.toString('hex')).to.equal('4321');
  });

  it('keeps its SQN when the card would accept the next one anyhow', async () => {
    const { vector } = await source.authenticationVector(impi);
    const before = look(vector).sqn;
    const auts = buildAuts(milenage, vector.rand, 0x20n);
    const next = await source.authenticationVector(impi, { rand: vector.rand, auts });
    expect(look(next.vector).sqn).to.equal(before + 32n);
  });

  it('refuses an AUTS that does not verify, and leaves the SQN alone', async () => {
    const { vector } = await source.authenticationVector(impi);
    const before = database.get(impi)?.sqn;
    const auts = buildAuts(milenage, vector.rand, 0x123456789abcn);
    auts.writeUInt8(auts.readUInt8(13) ^ 1, 13);
    for (const wrong of [auts, Buffer.alloc(14), Buffer.alloc(0)]) {
      expect(await failure(source.authenticationVector(impi, { rand: vector.rand, auts: wrong }))).to.equal(
        'OSGATE_KMC_SYNCHRONISATION_FAILURE',
      );
    }
    expect(database.get(impi)?.sqn).to.equal(before);
  });

  it('refuses to draw when the SQN is used up', async () => {
    database.add({ ...TEST_SUBSCRIBER, impi: 'old@home1.example', sqn: (1n << 48n) - 1n });
    expect(await failure(source.authenticationVector('old@home1.example'))).to.equal(
      'OSGATE_KMC_SYNCHRONISATION_FAILURE',
    );
  });

  it('does not know a stranger, and is unavailable when the database is', async () => {
    expect(await failure(source.authenticationVector('nobody@home1.example'))).to.equal('OSGATE_KMC_IDENTITY_UNKNOWN');
    database.close();
    expect(await failure(source.authenticationVector(impi))).to.equal('OSGATE_KMC_UNAVAILABLE');
  });

  it('gives a subscriber without settings the unspecific service, with every public identity', async () => {
    const { settings } = await source.authenticationVector(impi);
    expect(settings).to.deep.equal({
      bsfInfo: { lifeTime: 1800 },
      ussList: [{ gsid: 0, type: 0, uids: TEST_SUBSCRIBER.impus, flags: [] }],
    });
  });

  it('gives a setting without uids every public identity, and leaves the others', async () => {
    const settings: Subscriber['settings'] = {
      bsfInfo: {},
      ussList: [
        { gsid: 3, type: 3, uids: [], flags: [] },
        { gsid: 4, type: 4, uids: ['sip:only@home1.example'], flags: [1] },
      ],
    };
    database.add({ ...TEST_SUBSCRIBER, impi: 'carol@home1.example', settings });
    const given = (await source.authenticationVector('carol@home1.example')).settings.ussList;
    expect(given.map(({ uids }) => uids)).to.deep.equal([TEST_SUBSCRIBER.impus, ['sip:only@home1.example']]);
  });

  it('draws with the IND it was told, and refuses one that does not fit', async () => {
    const other = new LocalSubscriberSource({ database, ind: 3, indBits: 2 });
    const { vector } = await other.authenticationVector(impi);
    expect(indexOf(look(vector).sqn, 2)).to.equal(3);
    expect(() => new LocalSubscriberSource({ database, ind: 32 })).to.throw(KmcError);
  });
});

function look(vector: AuthenticationVector): { sqn: bigint; amf: Buffer } {
  const verified = verifyAutn(milenage, vector.rand, vector.autn);
  if (verified === undefined) throw new KmcError('OSGATE_KMC_INVALID_ARGUMENT', 'the AUTN does not verify');
  return verified;
}

async function failure(promise: Promise<unknown>): Promise<string | undefined> {
  return promise.then(
    () => undefined,
    (error: unknown) => (error instanceof KmcError ? error.code : String(error)),
  );
}
