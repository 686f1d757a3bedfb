import { expect } from 'chai';
import { OsgateError } from '../../../lib/errors.ts';
import type { Store } from '../../../lib/store/index.ts';

export interface TestRecord {
  readonly name: string;
  readonly key: Buffer;
  readonly createdAt: number;
  readonly nested: { readonly list: readonly number[]; readonly impi?: string };
}

export interface StoreUnderTest {
  readonly store: Store<TestRecord> & { readonly refused: number };
  readonly clock: { now: number };
}

export function record(name: string): TestRecord {
  const octets = Buffer.from('00ff80c3280a', 'hex');
  return { name, key: octets, createdAt: 1_900_000_000_000, nested: { list: [0, -1, 2 ** 40] } };
}

/** What every store does. `open` makes an empty one, for `maximumRecords` records, whose clock the test moves. */
export function describeStore(name: string, open: (maximumRecords: number) => StoreUnderTest): void {
  describe(name, () => {
    let tested: StoreUnderTest;

    beforeEach(() => {
      tested = open(5);
    });

    afterEach(async () => {
      await tested.store.close();
    });

    it('gives back what was put, Buffers too', async () => {
      const { store, clock } = tested;
      await store.put('a', record('first'), clock.now + 1000);
      const found = await store.get('a');
      expect(found).to.deep.equal(record('first'));
      expect(Buffer.isBuffer(found?.key)).to.equal(true);
      expect(await store.get('b')).to.equal(undefined);
    });

    it('puts a key again in place of what it had, expiry and all', async () => {
      const { store, clock } = tested;
      await store.put('a', record('first'), clock.now + 1000);
      await store.put('a', record('second'), clock.now + 5000);
      clock.now += 2000;
      expect((await store.get('a'))?.name).to.equal('second');
      expect(await store.size()).to.equal(1);
    });

    it('never returns a record from the moment it expires', async () => {
      const { store, clock } = tested;
      await store.put('a', record('first'), clock.now + 1000);
      clock.now += 999;
      expect(await store.get('a')).not.to.equal(undefined);
      clock.now += 1;
      expect(await store.get('a')).to.equal(undefined);
      expect(await store.take('a')).to.equal(undefined);
    });

    it('lets one of many take a record', async () => {
      const { store, clock } = tested;
      await store.put('a', record('first'), clock.now + 1000);
      const taken = await Promise.all(Array.from({ length: 10 }, () => store.take('a')));
      expect(taken.filter((value) => value !== undefined)).to.deep.equal([record('first')]);
      expect(await store.size()).to.equal(0);
    });

    it('deletes, and does not mind when there is nothing to delete', async () => {
      const { store, clock } = tested;
      await store.put('a', record('first'), clock.now + 1000);
      await store.delete('a');
      await store.delete('a');
      expect(await store.get('a')).to.equal(undefined);
    });

    it('purges what has expired and nothing else', async () => {
      const { store, clock } = tested;
      await store.put('a', record('first'), clock.now + 1000);
      await store.put('b', record('second'), clock.now + 2000);
      await store.put('c', record('third'), clock.now + 3000);
      clock.now += 2000;
      expect(await store.size()).to.equal(3);
      expect(await store.purge()).to.equal(2);
      expect(await store.purge()).to.equal(0);
      expect(await store.size()).to.equal(1);
      expect((await store.get('c'))?.name).to.equal('third');
    });

    it('refuses a new record when full, counts that, and harms none it has', async () => {
      const { store, clock } = tested;
      for (const key of ['a', 'b', 'c', 'd', 'e']) await store.put(key, record(key), clock.now + 1000);
      const refusal = await store.put('f', record('f'), clock.now + 1000).catch((error: unknown) => error);
      expect(refusal).to.be.instanceOf(OsgateError).with.property('code', 'OSGATE_STORE');
      expect(store.refused).to.equal(1);
      await store.put('a', record('again'), clock.now + 1000);
      expect((await store.get('a'))?.name).to.equal('again');
      expect((await store.get('e'))?.name).to.equal('e');
      await store.delete('b');
      await store.put('f', record('f'), clock.now + 1000);
      expect(await store.size()).to.equal(5);
    });

    it('makes room for a new record out of expired ones', async () => {
      const { store, clock } = tested;
      await store.put('a', record('a'), clock.now + 10);
      for (const key of ['b', 'c', 'd', 'e']) await store.put(key, record(key), clock.now + 1000);
      clock.now += 10;
      await store.put('f', record('f'), clock.now + 1000);
      expect(await store.size()).to.equal(5);
      expect((await store.get('f'))?.name).to.equal('f');
    });

    it('keeps strange keys apart', async () => {
      const { store, clock } = tested;
      const keys = ['__proto__', "'; DROP TABLE x; --", 'I1U8vpY3qJ0hiuZNrke/NQ==@bsf', 'ä€😀'];
      for (const key of keys) await store.put(key, record(key), clock.now + 1000);
      for (const key of keys) expect((await store.get(key))?.name).to.equal(key);
    });
  });
}
