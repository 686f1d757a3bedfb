import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { KmcError } from '../errors.ts';
import { databaseError, openDatabaseFile } from './database-file.ts';
import { GroupCommit } from './group-commit.ts';
import type { SecretBox, SecretKey } from './secret-box.ts';
import {
  type AnySubscriber,
  type PasswordSubscriber,
  type Subscriber,
  validatePassword,
  validateSubscriber,
} from './subscriber.ts';
import { json, octets, type Row, sealContext, sequenceNumber, stringList, text } from './subscriber-row.ts';
import type { UserSecuritySettings } from './user-security-settings.ts';

/** What may be shown of a subscriber. */
export interface SubscriberSummary extends Pick<Subscriber, 'impi' | 'impus'> {
  /** Absent for one who has no K. */
  readonly sqn?: bigint;
  /** Whether there is a password. */
  readonly password: boolean;
}

export interface SubscriberDatabaseOptions {
  /** How long to wait for another process that is writing, in milliseconds. Default 5000. */
  readonly busyTimeoutMilliseconds?: number;
}

/**
 * The subscribers, in a SQLite file that several processes may use at once. K, OPc and passwords are sealed in it.
 *
 * Every method but {@link SubscriberDatabase.draw} is synchronous and returns once the change is on disk. All throw OSGATE_KMC_DATABASE when the file
 * cannot be used, or when a record was damaged or sealed under another key.
 */
export class SubscriberDatabase {
  readonly #database: DatabaseSync;
  readonly #box: SecretBox;
  /** The sealed password of nobody. */
  readonly #decoy: Uint8Array;
  readonly #commits: GroupCommit;
  readonly #findWithSqn: StatementSync;
  readonly #moveSqn: StatementSync;
  #findPassword: StatementSync | undefined;

  private constructor(database: DatabaseSync, box: SecretBox) {
    this.#database = database;
    this.#box = box;
    this.#commits = new GroupCommit(database);
    this.#findWithSqn = database.prepare('SELECT * FROM subscribers WHERE impi = ?');
    this.#moveSqn = database.prepare('UPDATE subscribers SET sqn = ? WHERE impi = ?');
    this.#decoy = box.seal(Buffer.alloc(16), sealContext('password', 'nobody'));
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
  add(subscriber: AnySubscriber): void {
    this.addAll([subscriber]);
  }

  /** Adds all of them or, when it throws (as {@link SubscriberDatabase.add} does, naming the IMPI), none. */
  addAll(subscribers: Iterable<AnySubscriber>): number {
    return this.#transaction(() => {
      const exists = this.#database.prepare('SELECT 1 FROM subscribers WHERE impi = ?');
      const insert = this.#database.prepare(
        'INSERT INTO subscribers (impi, impus, k, opc, amf, sqn, settings, password) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      );
      const index = this.#database.prepare('INSERT INTO public_identities (impu, impi) VALUES (?, ?)');
      let added = 0;
      for (const subscriber of subscribers) {
        const { impi, impus, k, opc, amf = null, sqn = null, settings, password } = subscriber;
        validateSubscriber(subscriber);
        if (exists.get(impi) !== undefined) {
          throw new KmcError('OSGATE_KMC_SUBSCRIBER_EXISTS', `there is a subscriber ${impi} already`);
        }
        const sealedK = this.#seal(k, 'k', impi);
        const sealedOpc = this.#seal(opc, 'opc', impi);
        const sealedPassword = this.#seal(password, 'password', impi);
        const [impuList, settingList] = [JSON.stringify(impus), JSON.stringify(settings)];
        insert.run(impi, impuList, sealedK, sealedOpc, amf, sqn, settingList, sealedPassword);
        for (const impu of impus) index.run(impu, impi);
        added += 1;
      }
      return added;
    });
  }

  /** Whoever has this IMPI or user name, secrets and all. */
  get(impi: string): AnySubscriber | undefined {
    return this.#guard(() => {
      const row = this.#database.prepare('SELECT * FROM subscribers WHERE impi = ?').get(impi);
      return row === undefined ? undefined : this.#decode(row);
    });
  }

  /**
   * What digest needs of one who has a password. For anybody else a password that nobody has is unsealed, so that the time
   * does not tell who is known.
   */
  getPasswordSubscriber(
    impi: string,
  ): Pick<PasswordSubscriber, 'impi' | 'impus' | 'settings' | 'password'> | undefined {
    return this.#guard(() => {
      this.#findPassword ??= this.#database.prepare(FIND_PASSWORD);
      const row = this.#findPassword.get(impi, this.#decoy) ?? {};
      const name = text(row, 'impi');
      const subscriber = {
        impi: name,
        impus: stringList(json(row, 'impus')),
        settings: json(row, 'settings') as UserSecuritySettings,
        password: this.#unseal(row, 'password', name),
      };
      return row['known'] === 1 ? subscriber : undefined;
    });
  }

  /** The IMPIs of those who have a public identity and K, at most `maximum` of them. */
  privateIdentities(impu: string, maximum: number): string[] {
    return this.#guard(() =>
      this.#database
        .prepare(FIND_PRIVATE_IDENTITIES)
        .all(impu, maximum)
        .map((row) => text(row, 'impi')),
    );
  }

  /** Every subscriber, by IMPI, without secrets. */
  list(): SubscriberSummary[] {
    return this.#guard(() =>
      this.#database
        .prepare('SELECT impi, impus, sqn, password IS NOT NULL AS password FROM subscribers ORDER BY impi')
        .all()
        .map((row) => ({
          impi: text(row, 'impi'),
          impus: stringList(json(row, 'impus')),
          ...(row['sqn'] !== null && { sqn: sequenceNumber(row) }),
          password: row['password'] === 1,
        })),
    );
  }

  /**
   * Gives a subscriber a password, in place of any that there was, or takes it away. False when there is no subscriber
   * with this IMPI.
   *
   * Throws OSGATE_KMC_SUBSCRIBER_INVALID for what can be no password, and when it is the only credential to take away.
   */
  setPassword(impi: string, password: Buffer | undefined): boolean {
    return this.#transaction(() => {
      const row = this.#database.prepare('SELECT k IS NULL AS cardless FROM subscribers WHERE impi = ?').get(impi);
      if (row === undefined) return false;
      if (password === undefined && row['cardless'] === 1) {
        throw new KmcError('OSGATE_KMC_SUBSCRIBER_INVALID', `password is all that ${impi} has: remove the subscriber`);
      }
      if (password !== undefined) validatePassword(impi, password);
      const sealed = this.#seal(password, 'password', impi);
      this.#database.prepare('UPDATE subscribers SET password = ? WHERE impi = ?').run(sealed, impi);
      return true;
    });
  }

  /** False when there was none with this IMPI. */
  remove(impi: string): boolean {
    return this.#transaction(() => {
      this.#database.prepare('DELETE FROM public_identities WHERE impi = ?').run(impi);
      return this.#database.prepare('DELETE FROM subscribers WHERE impi = ?').run(impi).changes === 1;
    });
  }

  /**
   * Moves a subscriber's SQN to what `next` makes of it and returns the subscriber with the new one.
   *
   * Read and write are one IMMEDIATE transaction, and its commit is on disk before this returns: no other process can
   * draw the same SQN, and no crash can bring an old one back. What `next` throws is thrown, and nothing is changed.
   * Undefined when there is no such subscriber, or one without K.
   */
  advance(impi: string, next: (subscriber: Subscriber) => bigint): Subscriber | undefined {
    return this.#transaction(() => this.#advance(impi, next));
  }

  /**
   * As {@link SubscriberDatabase.advance}, together with all that are drawn in the same turn of the event loop: they wait for
   * the disk once. Resolves once the commit is on disk; rejects with what `advance` throws.
   */
  async draw(impi: string, next: (subscriber: Subscriber) => bigint): Promise<Subscriber | undefined> {
    try {
      return await this.#commits.run(() => this.#advance(impi, next));
    } catch (error) {
      throw unusable(error);
    }
  }

  close(): void {
    this.#commits.flush();
    if (this.#database.isOpen) this.#database.close();
  }

  #advance(impi: string, next: (subscriber: Subscriber) => bigint): Subscriber | undefined {
    const row = this.#findWithSqn.get(impi);
    if (row === undefined) return undefined;
    const subscriber = this.#decode(row);
    if (subscriber.k === undefined) return undefined;
    const sqn = next(subscriber);
    this.#moveSqn.run(sqn, impi);
    return { ...subscriber, sqn };
  }

  #decode(row: Row): AnySubscriber {
    const impi = text(row, 'impi');
    const entry = {
      impi,
      impus: stringList(json(row, 'impus')),
      settings: json(row, 'settings') as UserSecuritySettings,
    };
    if (row['k'] === null) return { ...entry, password: this.#unseal(row, 'password', impi) };
    return {
      ...entry,
      k: this.#unseal(row, 'k', impi),
      opc: this.#unseal(row, 'opc', impi),
      amf: octets(row, 'amf'),
      sqn: sequenceNumber(row),
      ...(row['password'] !== null && { password: this.#unseal(row, 'password', impi) }),
    };
  }

  #seal(secret: Buffer | undefined, column: string, impi: string): Buffer | null {
    return secret === undefined ? null : this.#box.seal(secret, sealContext(column, impi));
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
      throw unusable(error);
    }
  }
}

function unusable(error: unknown): KmcError {
  return error instanceof KmcError ? error : databaseError('the subscriber database cannot be used', error);
}

/** The row of one who has a password; else one of the same form that stands for nobody. */
const FIND_PASSWORD = `
  SELECT impi, impus, settings, password, 1 AS known FROM subscribers WHERE impi = ? AND password IS NOT NULL
  UNION ALL SELECT 'nobody', '["sip:nobody@nowhere.invalid"]', '{"bsfInfo":{},"ussList":[]}', ?, 0
  ORDER BY known DESC LIMIT 1`;

const FIND_PRIVATE_IDENTITIES = `
  SELECT impi FROM public_identities JOIN subscribers USING (impi)
  WHERE impu = ? AND k IS NOT NULL ORDER BY impi LIMIT ?`;
