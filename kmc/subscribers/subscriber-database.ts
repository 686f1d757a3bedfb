import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import { KmcError } from '../errors.ts';
import { databaseError, openDatabaseFile } from './database-file.ts';
import type { SecretBox, SecretKey } from './secret-box.ts';
import { type Subscriber, validateSubscriber } from './subscriber.ts';
import type { UserSecuritySettings } from './user-security-settings.ts';

/** What may be shown of a subscriber. */
export type SubscriberSummary = Pick<Subscriber, 'impi' | 'impus' | 'sqn'>;

export interface SubscriberDatabaseOptions {
  /** How long to wait for another process that is writing, in milliseconds. Default 5000. */
  readonly busyTimeoutMilliseconds?: number;
}

/**
 * The subscribers, in a SQLite file that several processes may use at once. K and OPc are sealed in it.
 *
 * Every method is synchronous and returns once the change is on disk. All throw OSGATE_KMC_DATABASE when the file
 * cannot be used, or when a record was damaged or sealed under another key.
 */
export class SubscriberDatabase {
  readonly #database: DatabaseSync;
  readonly #box: SecretBox;

  private constructor(database: DatabaseSync, box: SecretBox) {
    this.#database = database;
    this.#box = box;
  }

  /**
   * Opens the file, or makes it (for its owner alone). `:memory:` is a database that ends with the process.
   *
   * Throws OSGATE_KMC_DATABASE when it cannot be opened, is no subscriber database, has a newer schema, or was written
   * under another secret key.
   */
  static open(
    path: string,
    secretKey: SecretKey,
    { busyTimeoutMilliseconds = 5000 }: SubscriberDatabaseOptions = {},
  ): SubscriberDatabase {
    const box = secretKey.box('osgate subscriber database');
    return new SubscriberDatabase(openDatabaseFile(path, box, busyTimeoutMilliseconds), box);
  }

  /**
   * Adds a subscriber. Throws OSGATE_KMC_SUBSCRIBER_INVALID for what is no subscriber, OSGATE_KMC_SUBSCRIBER_EXISTS
   * when the IMPI is taken.
   */
  add(subscriber: Subscriber): void {
    this.addAll([subscriber]);
  }

  /** Adds all of them or, when it throws (as {@link SubscriberDatabase.add} does, naming the IMPI), none. */
  addAll(subscribers: Iterable<Subscriber>): number {
    return this.#transaction(() => {
      const exists = this.#database.prepare('SELECT 1 FROM subscribers WHERE impi = ?');
      const insert = this.#database.prepare(
        'INSERT INTO subscribers (impi, impus, k, opc, amf, sqn, settings) VALUES (?, ?, ?, ?, ?, ?, ?)',
      );
      let added = 0;
      for (const subscriber of subscribers) {
        const { impi, impus, k, opc, amf, sqn, settings } = subscriber;
        validateSubscriber(subscriber);
        if (exists.get(impi) !== undefined) {
          throw new KmcError('OSGATE_KMC_SUBSCRIBER_EXISTS', `there is a subscriber ${impi} already`);
        }
        const sealedK = this.#box.seal(k, sealContext('k', impi));
        const sealedOpc = this.#box.seal(opc, sealContext('opc', impi));
        insert.run(impi, JSON.stringify(impus), sealedK, sealedOpc, amf, sqn, JSON.stringify(settings));
        added += 1;
      }
      return added;
    });
  }

  /** The subscriber with this IMPI, secrets and all. */
  get(impi: string): Subscriber | undefined {
    return this.#guard(() => {
      const row = this.#database.prepare('SELECT * FROM subscribers WHERE impi = ?').get(impi);
      return row === undefined ? undefined : this.#decode(row);
    });
  }

  /** Every subscriber, by IMPI, without secrets. */
  list(): SubscriberSummary[] {
    return this.#guard(() =>
      this.#database
        .prepare('SELECT impi, impus, sqn FROM subscribers ORDER BY impi')
        .all()
        .map((row) => ({ impi: text(row, 'impi'), impus: stringList(json(row, 'impus')), sqn: sequenceNumber(row) })),
    );
  }

  /** False when there was none with this IMPI. */
  remove(impi: string): boolean {
    return this.#transaction(
      () => this.#database.prepare('DELETE FROM subscribers WHERE impi = ?').run(impi).changes === 1,
    );
  }

  /**
   * Moves a subscriber's SQN to what `next` makes of it and returns the subscriber with the new one.
   *
   * Read and write are one IMMEDIATE transaction, and its commit is on disk before this returns: no other process can
   * draw the same SQN, and no crash can bring an old one back. What `next` throws is thrown, and nothing is changed.
   * Undefined when there is no such subscriber.
   */
  advance(impi: string, next: (subscriber: Subscriber) => bigint): Subscriber | undefined {
    return this.#transaction(() => {
      const row = this.#database.prepare('SELECT * FROM subscribers WHERE impi = ?').get(impi);
      if (row === undefined) return undefined;
      const subscriber = this.#decode(row);
      const sqn = next(subscriber);
      this.#database.prepare('UPDATE subscribers SET sqn = ? WHERE impi = ?').run(sqn, impi);
      return { ...subscriber, sqn };
    });
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #decode(row: Row): Subscriber {
    const impi = text(row, 'impi');
    return {
      impi,
      impus: stringList(json(row, 'impus')),
      k: this.#unseal(row, 'k', impi),
      opc: this.#unseal(row, 'opc', impi),
      amf: octets(row, 'amf'),
      sqn: sequenceNumber(row),
      settings: json(row, 'settings') as UserSecuritySettings,
    };
  }

  #unseal(row: Row, column: string, impi: string): Buffer {
    const secret = this.#box.open(octets(row, column), sealContext(column, impi));
    if (secret === undefined) {
      throw new KmcError('OSGATE_KMC_DATABASE', `the ${column} of ${impi} is damaged or of another record`);
    }
    return secret;
  }

  #transaction<T>(work: () => T): T {
    return this.#guard(() => {
      this.#database.exec('BEGIN IMMEDIATE');
      try {
        const result = work();
        this.#database.exec('COMMIT');
        return result;
      } catch (error) {
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
        throw error;
      }
    });
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw error instanceof KmcError ? error : databaseError('the subscriber database cannot be used', error);
    }
  }
}

type Row = Record<string, SQLOutputValue>;

/** Ties a sealed value to its column and row, so that values cannot be moved about in the file. */
function sealContext(column: string, impi: string): string {
  return `${column}\n${impi}`;
}

function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw damaged(column);
  return value;
}

function octets(row: Row, column: string): Buffer {
  const value = row[column];
  if (!(value instanceof Uint8Array)) throw damaged(column);
  return Buffer.from(value);
}

/** 48 bits, which a number holds exactly. */
function sequenceNumber(row: Row): bigint {
  const value = row['sqn'];
  if (typeof value !== 'number') throw damaged('sqn');
  return BigInt(value);
}

function json(row: Row, column: string): unknown {
  try {
    return JSON.parse(text(row, column));
  } catch {
    throw damaged(column);
  }
}

function stringList(value: unknown): string[] {
  if (!Array.isArray(value) || !value.every((entry) => typeof entry === 'string')) throw damaged('impus');
  return value;
}

function damaged(column: string): KmcError {
  return new KmcError('OSGATE_KMC_DATABASE', `the column ${column} of a record is damaged`);
}
