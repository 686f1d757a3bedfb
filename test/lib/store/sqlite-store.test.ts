import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'chai';
import { SecretKey } from '../../../kmc/subscribers/secret-box.ts';
import { OsgateError } from '../../../lib/errors.ts';
import { sealedCodec, SqliteStore } from '../../../lib/store/index.ts';
import { describeStore, record, type TestRecord } from './store-behaviour.ts';

let folder: string;
let files = 0;
const nextPath = (): string => join(folder, `store-${files++}.sqlite`);
const key = new SecretKey(Buffer.alloc(32, 1));

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'osgate-store-'));
});

after(() => {
  rmSync(folder, { recursive: true });
});

describeStore('SqliteStore', (maximumRecords) => {
  const clock = { now: 1_900_000_000_000 };
  const store = new SqliteStore<TestRecord>({ path: nextPath(), name: 'test', maximumRecords, now: () => clock.now });
  return { clock, store };
});

describeStore('SqliteStore with sealed records', (maximumRecords) => {
  const clock = { now: 1_900_000_000_000 };
  const codec = sealedCodec<TestRecord>(key.box('test'));
  const now = (): number => clock.now;
  return { clock, store: new SqliteStore<TestRecord>({ path: nextPath(), name: 'test', maximumRecords, codec, now }) };
});

describe('SqliteStore alone', () => {
  it('keeps records over a restart, in a file for its owner', async () => {
    const path = nextPath();
    const first = new SqliteStore<TestRecord>({ path, name: 'contexts' });
    await first.put('a', record('first'), Date.now() + 60_000);
    await first.close();
    const second = new SqliteStore<TestRecord>({ path, name: 'contexts' });
    expect(await second.get('a')).to.deep.equal(record('first'));
    expect(await second.size()).to.equal(1);
    await second.close();
    expect(statSync(path).mode & 0o077).to.equal(0);
  });

  it('lets one of two processes take a record, and keeps stores of other names apart', async () => {
    const path = nextPath();
    const one = new SqliteStore<TestRecord>({ path, name: 'contexts' });
    const two = new SqliteStore<TestRecord>({ path, name: 'contexts' });
    const other = new SqliteStore<TestRecord>({ path, name: 'challenges' });
    await one.put('a', record('first'), Date.now() + 60_000);
    expect(await other.get('a')).to.equal(undefined);
    const taken = await Promise.all([one.take('a'), two.take('a')]);
    expect(taken.filter((value) => value !== undefined)).to.have.length(1);
    for (const store of [one, two, other]) await store.close();
  });

  it('writes no secret in the clear when sealed, and refuses records sealed under another key or moved', async () => {
    const path = nextPath();
    const codec = sealedCodec<{ ks: string }>(key.box('test'));
    const store = new SqliteStore<{ ks: string }>({ path, name: 'contexts', codec });
    await store.put('a', { ks: 'a-very-secret-ks' }, Date.now() + 60_000);
    for (const name of readdirSync(folder).filter((file) => path.endsWith(file.replace(/-(wal|shm)$/, '')))) {
      expect(readFileSync(join(folder, name)).includes('a-very-secret-ks'), name).to.equal(false);
    }
    const otherKey = sealedCodec<{ ks: string }>(new SecretKey(Buffer.alloc(32, 2)).box('test'));
    const other = new SqliteStore<{ ks: string }>({ path, name: 'contexts', codec: otherKey });
    expect(await failure(other.get('a'))).to.equal('OSGATE_STORE');
    const database = new DatabaseSync(path);
    database.exec("UPDATE store_contexts SET key = 'b'");
    database.close();
    expect(await failure(store.get('b'))).to.equal('OSGATE_STORE');
    await store.close();
    await other.close();
  });

  it('refuses what is no database, a bad name, and use after close, with a typed error', async () => {
    const path = nextPath();
    writeFileSync(path, 'no database at all, but long enough to be looked at as one '.repeat(40));
    for (const options of [
      { path, name: 'contexts' },
      { path: join(folder, 'missing', 'x.sqlite'), name: 'contexts' },
      { path: ':memory:', name: 'Drop Table' },
    ]) {
      expect(() => new SqliteStore(options))
        .to.throw(OsgateError)
        .with.property('code', 'OSGATE_STORE');
    }
    const store = new SqliteStore({ path: ':memory:', name: 'contexts' });
    await store.close();
    await store.close();
    expect(await failure(store.get('a'))).to.equal('OSGATE_STORE');
  });
});

async function failure(promise: Promise<unknown>): Promise<string | undefined> {
  return promise.then(
    () => undefined,
    (error: unknown) => (error instanceof OsgateError ? error.code : String(error)),
  );
}
