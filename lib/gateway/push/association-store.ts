import type { DatabaseSync, StatementSync } from 'node:sqlite';

import { LRUCache } from 'lru-cache';

import { openSqliteFile, SecretKey } from '../../../kmc/index.ts';
import { GroupCommit, type AssociationStore, type GatewayAssociation } from '../../../push/index.ts';
import { OsgateError } from '../../errors.ts';
import { sealedCodec } from '../../store/index.ts';

export interface GatewayAssociationStoreOptions {
  /** The SQLite file. */
  readonly path: string;
  /** NAF SAs kept at once; beyond that new ones are refused. */
  readonly maximumAssociations: number;
  /** Seals the records; 32 octets. */
  readonly secret: Buffer;
  /** True for a process that looks up what another one keeps: `put` and `delete` are not for it. */
  readonly readOnly?: boolean;
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly now?: () => number;
}

/** NAF SAs at hand without a look into the file. */
const CACHED = 20_000;

const PURGE_MILLISECONDS = 60_000;

/**
 * The NAF SAs of the gateway in a SQLite file, by P-TID, each sealed. One process writes, others may read. What is put within
 * one turn of the event loop is one transaction, for each push needs three changes. What was put outlives the process, not a
 * machine that loses its power: sequence numbers of before may be there again then, but a gateway seals nothing under a NAF SA
 * that it made before it was started. Whatever was sealed under another secret is as if it were not there.
 */
export class GatewayAssociationStore implements AssociationStore<GatewayAssociation> {
  readonly counters = { refused: 0 };
  readonly #database: DatabaseSync;
  readonly #commits: GroupCommit;
  readonly #statements: Statements;
  readonly #codec;
  readonly #maximum: number;
  readonly #now: () => number;
  readonly #cache: LRUCache<string, GatewayAssociation> | undefined;
  readonly #purge: NodeJS.Timeout | undefined;
  #size: number;

  /** @throws OsgateError OSGATE_STORE when the file cannot be used */
  constructor({ path, maximumAssociations, secret, readOnly = false, now = Date.now }: GatewayAssociationStoreOptions) {
    this.#database = openDatabase(path);
    this.#commits = new GroupCommit(this.#database);
    this.#statements = prepare(this.#database);
    this.#codec = sealedCodec<GatewayAssociation>(new SecretKey(secret).box('osgate naf associations'));
    this.#maximum = maximumAssociations;
    this.#now = now;
    this.#size = Number(this.#statements.size.get()?.['records'] ?? 0);
    if (readOnly) return;
    this.#cache = new LRUCache({ max: CACHED });
    this.#purge = setInterval(() => {
      // A file that cannot be written refuses the next put, and says so there.
      this.purge().catch(() => undefined);
    }, PURGE_MILLISECONDS).unref();
  }

  /** NAF SAs alive, and ended ones that were not purged yet. */
  get size(): number {
    return this.#size;
  }

  async get(key: string): Promise<GatewayAssociation | undefined> {
    const cached = this.#cache?.get(key);
    if (cached !== undefined) return cached.expiresAt > this.#now() ? cached : undefined;
    const octets = guard(() => this.#statements.get.get(key, this.#now())?.['value']);
    if (!(octets instanceof Uint8Array)) return undefined;
    const association = this.#codec.decode(Buffer.from(octets), key);
    if (association !== undefined) this.#cache?.set(key, association);
    return association;
  }

  async put(key: string, value: GatewayAssociation, expiresAt: number): Promise<void> {
    const octets = this.#codec.encode(value, key);
    try {
      await this.#commits.run(() => {
        if (this.#statements.update.run(octets, expiresAt, key).changes === 1) return;
        if (this.#size >= this.#maximum) this.#forget();
        if (this.#size >= this.#maximum) {
          this.counters.refused++;
          throw new OsgateError('OSGATE_STORE', `the store is full: it has ${this.#maximum} NAF SAs`);
        }
        this.#statements.insert.run(key, octets, expiresAt);
        this.#size++;
      });
    } catch (error) {
      // What the file has now is not known.
      this.#cache?.delete(key);
      throw storeError(error);
    }
    this.#cache?.set(key, value);
  }

  async delete(key: string): Promise<void> {
    this.#cache?.delete(key);
    await this.#commits
      .run(() => {
        this.#size -= Number(this.#statements.delete.run(key).changes);
      })
      .catch((error: unknown) => {
        throw storeError(error);
      });
  }

  /** Removes what has ended. */
  async purge(): Promise<void> {
    await this.#commits
      .run(() => {
        this.#forget();
      })
      .catch((error: unknown) => {
        throw storeError(error);
      });
  }

  /** What was asked for before is in the file when this resolves. */
  async close(): Promise<void> {
    clearInterval(this.#purge);
    this.#commits.flush();
    if (this.#database.isOpen) this.#database.close();
  }

  #forget(): void {
    this.#size -= Number(this.#statements.purge.run(this.#now()).changes);
  }
}

const BUSY_MILLISECONDS = 5000;

/** "OSGA": marks the file, so that another program's database is never written to. */
const APPLICATION_ID = 0x4f534741;

function openDatabase(path: string): DatabaseSync {
  return guard(() => {
    const database = openSqliteFile(path, BUSY_MILLISECONDS);
    try {
      // Nobody waits for the disk: the log is in the hands of the system, which outlives the process.
      database.exec('PRAGMA synchronous = NORMAL');
      database.exec('BEGIN IMMEDIATE');
      if (Number(database.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n']) === 0) {
        database.exec(`
          CREATE TABLE associations (ptid TEXT PRIMARY KEY, value BLOB NOT NULL, expires_at INTEGER NOT NULL) STRICT;
          CREATE INDEX associations_expiry ON associations (expires_at);
          PRAGMA application_id = ${APPLICATION_ID};
        `);
      }
      database.exec('COMMIT');
      const id = database.prepare('SELECT application_id AS id FROM pragma_application_id').get()?.['id'];
      if (id !== APPLICATION_ID) throw new OsgateError('OSGATE_STORE', `${path}: holds no NAF SAs`);
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

type Statements = ReturnType<typeof prepare>;

function prepare(database: DatabaseSync) {
  const statement = (sql: string): StatementSync => database.prepare(sql);
  return {
    get: statement('SELECT value FROM associations WHERE ptid = ? AND expires_at > ?'),
    update: statement('UPDATE associations SET value = ?, expires_at = ? WHERE ptid = ?'),
    insert: statement('INSERT INTO associations (ptid, value, expires_at) VALUES (?, ?, ?)'),
    delete: statement('DELETE FROM associations WHERE ptid = ?'),
    purge: statement('DELETE FROM associations WHERE expires_at <= ?'),
    size: statement('SELECT count(*) AS records FROM associations'),
  };
}

function guard<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw storeError(error);
  }
}

function storeError(error: unknown): OsgateError {
  if (error instanceof OsgateError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new OsgateError('OSGATE_STORE', `the NAF SAs cannot be kept (${reason})`, { cause: error });
}
