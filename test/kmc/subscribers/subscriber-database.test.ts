import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'chai';
import { KmcError, type KmcErrorCode } from '../../../kmc/errors.ts';
import { openDatabaseFile } from '../../../kmc/subscribers/database-file.ts';
import { SecretKey, SubscriberDatabase, type Subscriber } from '../../../kmc/subscribers/index.ts';
import { KEY, TEST_SUBSCRIBER } from './test-subscriber.ts';

const key = new SecretKey(KEY);

describe('SubscriberDatabase', () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'osgate-subscribers-'));
    path = join(folder, 'subscribers.sqlite');
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('gives back what was added, over a restart', () => {
    const settings: Subscriber['settings'] = {
      bsfInfo: { uiccType: 'GBA_U', lifeTime: 60 },
      ussList: [{ gsid: 3, type: 3, nafGroup: 'A', uids: ['sip:a@b'], flags: [1, 2], keyChoice: 'ME_BASED_KEY' }],
    };
    const subscriber = { ...TEST_SUBSCRIBER, sqn: (1n << 48n) - 1n, settings };
    use((database) => {
      database.add(subscriber);
    });
    use((database) => {
      expect(database.get(subscriber.impi)).to.deep.equal(subscriber);
      expect(database.list()).to.deep.equal([
        { impi: subscriber.impi, impus: subscriber.impus, sqn: (1n << 48n) - 1n },
      ]);
      expect(database.get('bob@home1.example')).to.equal(undefined);
    });
  });

  it('refuses an IMPI that is there, and then adds nobody of the batch', () => {
    use((database) => {
      database.add(TEST_SUBSCRIBER);
      const bob = { ...TEST_SUBSCRIBER, impi: 'bob@home1.example' };
      expectCode(() => database.addAll([bob, TEST_SUBSCRIBER]), 'OSGATE_KMC_SUBSCRIBER_EXISTS');
      expect(database.get(bob.impi)).to.equal(undefined);
      expect(database.addAll([bob])).to.equal(1);
    });
  });

  it('removes a subscriber once', () => {
    use((database) => {
      database.add(TEST_SUBSCRIBER);
      expect(database.remove(TEST_SUBSCRIBER.impi)).to.equal(true);
      expect(database.remove(TEST_SUBSCRIBER.impi)).to.equal(false);
      expect(database.list()).to.deep.equal([]);
    });
  });

  it('refuses what no subscriber can be, above all an AMF with the separation bit', () => {
    const wrong: Partial<Subscriber>[] = [
      { amf: Buffer.from('8000', 'hex') },
      { amf: Buffer.alloc(1) },
      { k: Buffer.alloc(15) },
      { opc: Buffer.alloc(17) },
      { sqn: 1n << 48n },
      { sqn: -1n },
      { impi: 'no-realm' },
      { impi: 'a b@c' },
      { impi: 'a"b@c' },
      { impus: [] },
      { impus: ['alice'] },
      { impus: ['sip:a@b>'] },
      { impus: ['sip:a@b', 'sip:a@b'] },
      { settings: { bsfInfo: { lifeTime: 0 }, ussList: [] } },
      { settings: { bsfInfo: {}, ussList: [{ gsid: -1, type: 0, uids: [], flags: [] }] } },
    ];
    use((database) => {
      for (const change of wrong) {
        expectCode(() => {
          database.add({ ...TEST_SUBSCRIBER, ...change });
        }, 'OSGATE_KMC_SUBSCRIBER_INVALID');
      }
      expect(database.list()).to.deep.equal([]);
    });
  });

  it('advances the SQN, and changes nothing when that throws', () => {
    use((database) => {
      database.add(TEST_SUBSCRIBER);
      expect(database.advance(TEST_SUBSCRIBER.impi, ({ sqn }) => sqn + 32n)?.sqn).to.equal(0x40n);
      expectCode(
        () =>
          database.advance(TEST_SUBSCRIBER.impi, () => {
            throw new KmcError('OSGATE_KMC_SYNCHRONISATION_FAILURE', 'refused');
          }),
        'OSGATE_KMC_SYNCHRONISATION_FAILURE',
      );
      expect(database.advance('nobody@home1.example', () => 0n)).to.equal(undefined);
      expect(database.get(TEST_SUBSCRIBER.impi)?.sqn).to.equal(0x40n);
    });
  });

  it('has neither K nor OPc in its files, and the files are for the owner alone', () => {
    use((database) => {
      database.add(TEST_SUBSCRIBER);
      for (const name of readdirSync(folder)) {
        const contents = readFileSync(join(folder, name));
        expect(contents.includes(TEST_SUBSCRIBER.k), name).to.equal(false);
        expect(contents.includes(TEST_SUBSCRIBER.opc), name).to.equal(false);
        expect(statSync(join(folder, name)).mode & 0o077, name).to.equal(0);
      }
    });
  });

  it('waits for the disk at each commit', () => {
    const raw = openDatabaseFile(path, key.box('test'), 1000);
    expect(raw.prepare('PRAGMA journal_mode').get()).to.deep.include({ journal_mode: 'wal' });
    // 2 is FULL.
    expect(raw.prepare('PRAGMA synchronous').get()).to.deep.include({ synchronous: 2 });
    raw.close();
  });

  it('does not open with another secret key', () => {
    use((database) => {
      database.add(TEST_SUBSCRIBER);
    });
    expectCode(() => SubscriberDatabase.open(path, new SecretKey(Buffer.alloc(32, 1))), 'OSGATE_KMC_DATABASE');
  });

  it('does not open a newer schema, another program’s database, what is no database, or a folder that is not there', () => {
    use(() => undefined);
    alter('PRAGMA user_version = 2');
    expectCode(() => SubscriberDatabase.open(path, key), 'OSGATE_KMC_DATABASE');
    path = join(folder, 'other.sqlite');
    alter('CREATE TABLE things (id INTEGER)');
    expectCode(() => SubscriberDatabase.open(path, key), 'OSGATE_KMC_DATABASE');
    writeFileSync(join(folder, 'text'), 'no database at all '.repeat(100));
    expectCode(() => SubscriberDatabase.open(join(folder, 'text'), key), 'OSGATE_KMC_DATABASE');
    expectCode(() => SubscriberDatabase.open(join(folder, 'no', 'where'), key), 'OSGATE_KMC_DATABASE');
  });

  it('notices secrets that were moved to another row or damaged', () => {
    use((database) => {
      database.addAll([TEST_SUBSCRIBER, { ...TEST_SUBSCRIBER, impi: 'bob@home1.example' }]);
    });
    alter(`UPDATE subscribers SET k = (SELECT k FROM subscribers WHERE impi LIKE 'bob%') WHERE impi LIKE 'alice%'`);
    alter(`UPDATE subscribers SET k = opc WHERE impi LIKE 'bob%'`);
    use((database) => {
      expectCode(() => database.get('alice@home1.example'), 'OSGATE_KMC_DATABASE');
      expectCode(() => database.get('bob@home1.example'), 'OSGATE_KMC_DATABASE');
    });
  });

  it('says so when another process holds the file for too long, and when it was closed', () => {
    use((database) => {
      database.add(TEST_SUBSCRIBER);
    });
    const other = new DatabaseSync(path);
    const impatient = SubscriberDatabase.open(path, key, { busyTimeoutMilliseconds: 20 });
    other.exec('BEGIN IMMEDIATE');
    expectCode(() => impatient.advance(TEST_SUBSCRIBER.impi, () => 1n), 'OSGATE_KMC_DATABASE');
    other.exec('ROLLBACK');
    expect(impatient.advance(TEST_SUBSCRIBER.impi, () => 64n)?.sqn).to.equal(64n);
    other.close();
    impatient.close();
    impatient.close();
    expectCode(() => impatient.list(), 'OSGATE_KMC_DATABASE');
  });

  function use(work: (database: SubscriberDatabase) => void): void {
    const database = SubscriberDatabase.open(path, key);
    try {
      work(database);
    } finally {
      database.close();
    }
  }

  function alter(sql: string): void {
    const database = new DatabaseSync(path);
    database.exec(sql);
    database.close();
  }
});

function expectCode(work: () => unknown, code: KmcErrorCode): void {
  expect(work).to.throw(KmcError).with.property('code', code);
}
