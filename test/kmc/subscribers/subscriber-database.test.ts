import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'chai';
import { KmcError, type KmcErrorCode } from '../../../kmc/errors.ts';
import { openDatabaseFile } from '../../../kmc/subscribers/database-file.ts';
import {
  SecretKey,
  SubscriberDatabase,
  type PasswordSubscriber,
  type Subscriber,
} from '../../../kmc/subscribers/index.ts';
import { KEY, TEST_SUBSCRIBER } from './test-subscriber.ts';

const key = new SecretKey(KEY);
const PASSWORD = Buffer.from('correct horse battery staple');
const DESK: PasswordSubscriber = {
  impi: 'desk',
  impus: ['sip:desk@home1.example'],
  password: PASSWORD,
  settings: { bsfInfo: {}, ussList: [] },
};

const SHARED = 'tel:+4930123456';

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
        { impi: subscriber.impi, impus: subscriber.impus, sqn: (1n << 48n) - 1n, password: false },
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
    alter('PRAGMA user_version = 4');
    expectCode(() => SubscriberDatabase.open(path, key), 'OSGATE_KMC_DATABASE');
    path = join(folder, 'other.sqlite');
    alter('CREATE TABLE things (id INTEGER)');
    expectCode(() => SubscriberDatabase.open(path, key), 'OSGATE_KMC_DATABASE');
    writeFileSync(join(folder, 'text'), 'no database at all '.repeat(100));
    expectCode(() => SubscriberDatabase.open(join(folder, 'text'), key), 'OSGATE_KMC_DATABASE');
    expectCode(() => SubscriberDatabase.open(join(folder, 'no', 'where'), key), 'OSGATE_KMC_DATABASE');
  });

  it('finds those with a card by a public identity, until they are removed', () => {
    use((database) => {
      const bob: Subscriber = {
        ...TEST_SUBSCRIBER,
        impi: 'bob@home1.example',
        impus: ['sip:bob@home1.example', SHARED],
      };
      database.addAll([DESK, { ...TEST_SUBSCRIBER, impus: ['sip:alice@home1.example', SHARED] }, bob]);
    });
    use((database) => {
      expect(database.privateIdentities('sip:bob@home1.example', 2)).to.deep.equal(['bob@home1.example']);
      expect(database.privateIdentities(SHARED, 2)).to.deep.equal(['alice@home1.example', 'bob@home1.example']);
      expect(database.privateIdentities(SHARED, 1)).to.deep.equal(['alice@home1.example']);
      expect(database.privateIdentities('sip:desk@home1.example', 2), 'without a card').to.deep.equal([]);
      expect(database.privateIdentities('sip:nobody@home1.example', 2)).to.deep.equal([]);
      database.remove('alice@home1.example');
      expect(database.privateIdentities(SHARED, 2)).to.deep.equal(['bob@home1.example']);
    });
  });

  it('finds those of an older database by their public identities', () => {
    makeFirstVersion(path);
    use((database) => {
      for (const impu of TEST_SUBSCRIBER.impus) {
        expect(database.privateIdentities(impu, 2)).to.deep.equal([TEST_SUBSCRIBER.impi]);
      }
    });
  });

  it('keeps users with a password beside those with a card, and those with both', () => {
    const both: Subscriber = { ...TEST_SUBSCRIBER, password: PASSWORD };
    use((database) => {
      database.addAll([DESK, both, { ...TEST_SUBSCRIBER, impi: 'bob@home1.example' }]);
    });
    use((database) => {
      expect(database.get('desk')).to.deep.equal(DESK);
      expect(database.get(both.impi)).to.deep.equal(both);
      expect(database.list().map(({ impi, sqn, password }) => [impi, sqn, password])).to.deep.equal([
        ['alice@home1.example', 32n, true],
        ['bob@home1.example', 32n, false],
        ['desk', undefined, true],
      ]);
      expect(database.getPasswordSubscriber('desk')).to.deep.equal(DESK);
      expect(database.getPasswordSubscriber(both.impi)?.password).to.deep.equal(PASSWORD);
      expect(database.getPasswordSubscriber('bob@home1.example')).to.equal(undefined);
      expect(database.getPasswordSubscriber('nobody')).to.equal(undefined);
      expect(
        database.advance('desk', () => 0n),
        'no card, no vectors',
      ).to.equal(undefined);
      for (const name of readdirSync(folder)) {
        expect(readFileSync(join(folder, name)).includes(PASSWORD), name).to.equal(false);
      }
    });
  });

  it('sets, changes and removes passwords, but not the only credential', () => {
    use((database) => {
      database.addAll([DESK, TEST_SUBSCRIBER]);
      expect(database.setPassword(TEST_SUBSCRIBER.impi, PASSWORD)).to.equal(true);
      expect(database.get(TEST_SUBSCRIBER.impi)).to.deep.equal({ ...TEST_SUBSCRIBER, password: PASSWORD });
      expect(database.setPassword('desk', Buffer.from('other'))).to.equal(true);
      expect(database.getPasswordSubscriber('desk')?.password.toString()).to.equal('other');
      expect(database.setPassword(TEST_SUBSCRIBER.impi, undefined)).to.equal(true);
      expect(database.get(TEST_SUBSCRIBER.impi)).to.deep.equal(TEST_SUBSCRIBER);
      expectCode(() => database.setPassword('desk', undefined), 'OSGATE_KMC_SUBSCRIBER_INVALID');
      expectCode(() => database.setPassword('desk', Buffer.alloc(0)), 'OSGATE_KMC_SUBSCRIBER_INVALID');
      expect(database.setPassword('nobody', PASSWORD)).to.equal(false);
    });
  });

  it('refuses names and passwords that digest cannot have', () => {
    use((database) => {
      for (const change of [
        { impi: 'a:b' },
        { impi: 'a b' },
        { impi: '' },
        { password: Buffer.alloc(0) },
        { password: Buffer.alloc(129, 'x') },
        { password: Buffer.from('a\nb') },
      ]) {
        expectCode(() => {
          database.add({ ...DESK, ...change });
        }, 'OSGATE_KMC_SUBSCRIBER_INVALID');
      }
    });
  });

  it('brings a database of the first version up to date, once, with all that is in it, under a process that has it open', () => {
    const sealed = makeFirstVersion(path);
    const old = new DatabaseSync(path);
    const oldRead = old.prepare('SELECT * FROM subscribers WHERE impi = ?');
    expect(oldRead.get(TEST_SUBSCRIBER.impi)).to.have.property('sqn', 32);
    expectCode(() => SubscriberDatabase.open(path, new SecretKey(Buffer.alloc(32, 1))), 'OSGATE_KMC_DATABASE');
    expect(old.prepare('PRAGMA user_version').get(), 'not touched with the wrong key').to.deep.include({
      user_version: 1,
    });
    use((database) => {
      expect(database.get(TEST_SUBSCRIBER.impi)).to.deep.equal(TEST_SUBSCRIBER);
      expect(database.setPassword(TEST_SUBSCRIBER.impi, PASSWORD)).to.equal(true);
      expect(database.advance(TEST_SUBSCRIBER.impi, ({ sqn }) => sqn + 32n)?.sqn).to.equal(64n);
    });
    use((database) => {
      expect(database.get(TEST_SUBSCRIBER.impi)).to.deep.equal({ ...TEST_SUBSCRIBER, sqn: 64n, password: PASSWORD });
    });
    expect(oldRead.get(TEST_SUBSCRIBER.impi)).to.include({ sqn: 64 });
    expect(Buffer.from(oldRead.get(TEST_SUBSCRIBER.impi)?.['k'] as Uint8Array)).to.deep.equal(sealed);
    old.prepare('UPDATE subscribers SET sqn = 96 WHERE impi = ?').run(TEST_SUBSCRIBER.impi);
    old.close();
    use((database) => {
      expect(database.get(TEST_SUBSCRIBER.impi)?.sqn).to.equal(96n);
      expect(database.get(TEST_SUBSCRIBER.impi)?.password).to.deep.equal(PASSWORD);
    });
  });

  it('leaves a database of the first version as it was when the step to the next one fails', () => {
    makeFirstVersion(path);
    alter('CREATE TABLE subscribers_2 (in_the_way INTEGER)');
    expectCode(() => SubscriberDatabase.open(path, key), 'OSGATE_KMC_DATABASE');
    alter('DROP TABLE subscribers_2');
    use((database) => {
      expect(database.get(TEST_SUBSCRIBER.impi)).to.deep.equal(TEST_SUBSCRIBER);
    });
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

/** The schema as it was before passwords, with Alice in it; gives her K as it is sealed. */
function makeFirstVersion(path: string): Buffer {
  const box = key.box('osgate subscriber database');
  const database = new DatabaseSync(path);
  database.exec(`
    CREATE TABLE metadata (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
    CREATE TABLE subscribers (
      impi TEXT PRIMARY KEY,
      impus TEXT NOT NULL,
      k BLOB NOT NULL,
      opc BLOB NOT NULL,
      amf BLOB NOT NULL,
      sqn INTEGER NOT NULL CHECK (sqn BETWEEN 0 AND 281474976710655),
      settings TEXT NOT NULL
    ) STRICT;
    PRAGMA application_id = 1330857803;
    PRAGMA user_version = 1;
  `);
  const check = box.seal(Buffer.from('osgate subscriber database'), 'key check');
  database.prepare("INSERT INTO metadata (name, value) VALUES ('key-check', ?)").run(check);
  const { impi, impus, k, opc, amf, sqn, settings } = TEST_SUBSCRIBER;
  const sealed = box.seal(k, `k\n${impi}`);
  database
    .prepare('INSERT INTO subscribers (impi, impus, k, opc, amf, sqn, settings) VALUES (?, ?, ?, ?, ?, ?, ?)')
    .run(impi, JSON.stringify(impus), sealed, box.seal(opc, `opc\n${impi}`), amf, sqn, JSON.stringify(settings));
  database.close();
  return sealed;
}

function expectCode(work: () => unknown, code: KmcErrorCode): void {
  expect(work).to.throw(KmcError).with.property('code', code);
}
