import { expect } from 'chai';
import { MemoryStore } from '../../../lib/store/index.ts';
import { describeStore, record, type TestRecord } from './store-behaviour.ts';

describeStore('MemoryStore', (maximumRecords) => {
  const clock = { now: 1_900_000_000_000 };
  return { clock, store: new MemoryStore<TestRecord>({ maximumRecords, now: () => clock.now }) };
});

describe('MemoryStore alone', () => {
  it('does not let a record be changed from outside', async () => {
    const store = new MemoryStore<TestRecord>({ now: () => 0 });
    const value = record('first');
    await store.put('a', value, 1000);
    value.key.fill(0);
    const found = await store.get('a');
    expect(found).to.deep.equal(record('first'));
    found?.key.fill(0);
    expect(await store.get('a')).to.deep.equal(record('first'));
  });
});
