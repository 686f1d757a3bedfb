import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { openSqliteFile } from '../../kmc/subscribers/index.ts';
import { OsgateError } from '../errors.ts';
import { type Codec, messagePackCodec } from './codec.ts';
import type { Store } from './store.ts';

export interface SqliteStoreOptions<T> {
  /** The SQLite file; several stores with names of their own may share it, in several processes. */
  readonly path: string;
  /** Lower-case letters, digits and `_`; becomes the table's name. */
  readonly name: string;
  /** Records kept at once; beyond that new ones are refused. Default 1,000,000. */
  readonly maximumRecords?: number;
  readonly codec?: Codec<T>;
  /** Milliseconds since 1970-01-01T00:00:00Z. Default Date.now. */
  readonly now?: () => number;
  /** How long to wait for another process that is writing, in milliseconds. Default 5000. */
  readonly busyTimeoutMilliseconds?: number;
}

/**
 * A store in a SQLite file, for its owner alone. What was put is on disk when `put` resolves.
 *
 * Every method rejects with OSGATE_STORE when the file cannot be used; `put` also when the store is full of live
 * records, and `get` and `take` for a record that cannot be understood. The constructor throws OSGATE_STORE.
 */
export class SqliteStore<T> implements Store<T> {
  readonly #database: DatabaseSync;
  readonly #codec: Codec<T>;
  readonly #now: () => number;
  readonly #maximumRecords: number;
  readonly #statements: Statements;
  #refused = 0;

  constructor({
    path,
    name,
    maximumRecords = DEFAULT_MAXIMUM_RECORDS,
    codec = messagePackCodec<T>(),
    now = Date.now,
    busyTimeoutMilliseconds = 5000,
  }: SqliteStoreOptions<T>) {
    this.#codec = codec;
    this.#now = now;
    this.#maximumRecords = maximumRecords;
    this.#database = openDatabase(path, name, busyTimeoutMilliseconds);
    this.#statements = prepare(this.#database, name);
  }

  /** Records refused because the store was full. */
  get refused(): number {
    return this.#refused;
  }

  async get(key: string): Promise<T | undefined> {
    return this.#decode(
      this.#guard(() => this.#statements.get.get(key, this.#now())),
      key,
    );
  }

  async put(key: string, value: T, expiresAt: number): Promise<void> {
    const octets = this.#codec.encode(value, key);
    const full = this.#guard(() => this.#put(key, octets, expiresAt));
    if (full) {
      this.#refused += 1;
      throw new OsgateError('OSGATE_STORE', `the store is full: it has ${this.#maximumRecords} records`);
    }
  }

  async take(key: string): Promise<T | undefined> {
    // One statement: of two processes that take the same key, one finds the row.
    const row = this.#guard(() => this.#statements.take.get(key));
    return Number(row?.['expires_at'] ?? 0) <= this.#now() ? undefined : this.#decode(row, key);
  }

  async delete(key: string): Promise<void> {
    this.#guard(() => this.#statements.delete.run(key));
  }

  async purge(): Promise<number> {
    return this.#guard(() => Number(this.#statements.purge.run(this.#now()).changes));
  }

  async size(): Promise<number> {
    return this.#guard(() => Number(this.#statements.size.get()?.['records'] ?? 0));
  }

  async close(): Promise<void> {
    if (this.#database.isOpen) this.#database.close();
  }

  /** True when there was no room. */
  #put(key: string, octets: Uint8Array, expiresAt: number): boolean {
    const { put, insert, purge } = this.#statements;
    // The bound and the insertion are one statement; a full store is looked through for what has ended, once.
    if (put.run(octets, expiresAt, key).changes === 1) return false;
    if (insert.run(key, octets, expiresAt, this.#maximumRecords).changes === 1) return false;
    if (purge.run(this.#now()).changes === 0) return true;
    return insert.run(key, octets, expiresAt, this.#maximumRecords).changes === 0;
  }

  #decode(row: Record<string, unknown> | undefined, key: string): T | undefined {
    if (row === undefined) return undefined;
    const octets = row['value'];
    const value = octets instanceof Uint8Array ? this.#codec.decode(Buffer.from(octets), key) : undefined;
    if (value === undefined) throw new OsgateError('OSGATE_STORE', 'a record cannot be understood');
    return value;
  }

  #guard<R>(work: () => R): R {
    try {
      return work();
    } catch (error) {
      throw storeError('the store cannot be used', error);
    }
  }
}

const DEFAULT_MAXIMUM_RECORDS = 1_000_000;

interface Statements {
  readonly get: StatementSync;
  readonly put: StatementSync;
  readonly insert: StatementSync;
  readonly take: StatementSync;
  readonly delete: StatementSync;
  readonly purge: StatementSync;
  readonly size: StatementSync;
}

function openDatabase(path: string, name: string, busyTimeoutMilliseconds: number): DatabaseSync {
  if (!/^[a-z][a-z0-9_]{0,62}$/.test(name)) {
    throw new OsgateError('OSGATE_STORE', `${JSON.stringify(name)} is no name of a store`);
  }
  let database: DatabaseSync | undefined;
  try {
    database = openSqliteFile(path, busyTimeoutMilliseconds);
    // The count of records is kept by triggers, for counting a million rows at every put would be slow.
    database.exec(`
      BEGIN IMMEDIATE;
      CREATE TABLE IF NOT EXISTS "store_${name}" (
        key TEXT PRIMARY KEY,
        value BLOB NOT NULL,
        expires_at INTEGER NOT NULL
      ) STRICT;
      CREATE INDEX IF NOT EXISTS "store_${name}_expiry" ON "store_${name}" (expires_at);
      CREATE TABLE IF NOT EXISTS store_sizes (name TEXT PRIMARY KEY, records INTEGER NOT NULL) STRICT;
      INSERT OR IGNORE INTO store_sizes VALUES ('${name}', 0);
      CREATE TRIGGER IF NOT EXISTS "store_${name}_put" AFTER INSERT ON "store_${name}"
        BEGIN UPDATE store_sizes SET records = records + 1 WHERE name = '${name}'; END;
      CREATE TRIGGER IF NOT EXISTS "store_${name}_delete" AFTER DELETE ON "store_${name}"
        BEGIN UPDATE store_sizes SET records = records - 1 WHERE name = '${name}'; END;
      COMMIT;
    `);
    return database;
  } catch (error) {
    if (database?.isOpen) database.close();
    throw storeError(`${path}: cannot be opened`, error);
  }
}

function prepare(database: DatabaseSync, name: string): Statements {
  const table = `"store_${name}"`;
  const room = `(SELECT records FROM store_sizes WHERE name = '${name}') < ?`;
  return {
    get: database.prepare(`SELECT value FROM ${table} WHERE key = ? AND expires_at > ?`),
    put: database.prepare(`UPDATE ${table} SET value = ?, expires_at = ? WHERE key = ?`),
    insert: database.prepare(
      `INSERT INTO ${table} (key, value, expires_at) SELECT ?, ?, ? WHERE ${room}
       ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at`,
    ),
    take: database.prepare(`DELETE FROM ${table} WHERE key = ? RETURNING value, expires_at`),
    delete: database.prepare(`DELETE FROM ${table} WHERE key = ?`),
    purge: database.prepare(`DELETE FROM ${table} WHERE expires_at <= ?`),
    size: database.prepare(`SELECT records FROM store_sizes WHERE name = '${name}'`),
  };
}

function storeError(message: string, cause: unknown): OsgateError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new OsgateError('OSGATE_STORE', `${message} (${reason})`, { cause });
}
