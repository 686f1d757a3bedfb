import type { DatabaseSync } from 'node:sqlite';
import { KmcError } from '../errors.ts';
import { openSqliteFile } from './open-sqlite-file.ts';
import type { SecretBox } from './secret-box.ts';

/**
 * Opens the SQLite file with the schema in it, ready for several processes: write-ahead log, every commit synchronised
 * to disk. Throws OSGATE_KMC_DATABASE as `SubscriberDatabase.open` says.
 */
export function openDatabaseFile(path: string, box: SecretBox, busyTimeoutMilliseconds: number): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    database = openSqliteFile(path, busyTimeoutMilliseconds);
    prepareSchema(database, path, box);
    return database;
  } catch (error) {
    if (database?.isOpen) database.close();
    throw error instanceof KmcError ? error : databaseError(`${path}: cannot be opened`, error);
  }
}

/** An OSGATE_KMC_DATABASE that says what SQLite or the file system said. */
export function databaseError(message: string, cause: unknown): KmcError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new KmcError('OSGATE_KMC_DATABASE', `${message} (${reason})`, { cause });
}

/** "OSGK": marks the file as ours, so that another program's database is never written to. */
const APPLICATION_ID = 0x4f53474b;
const SCHEMA_VERSION = 3;
const KEY_CHECK = Buffer.from('osgate subscriber database');

/** Those with a card have K and all that goes with it; the others have a password. */
const SUBSCRIBERS = `(
    impi TEXT PRIMARY KEY,
    impus TEXT NOT NULL,
    k BLOB,
    opc BLOB,
    amf BLOB,
    sqn INTEGER CHECK (sqn BETWEEN 0 AND 281474976710655),
    settings TEXT NOT NULL,
    password BLOB,
    CHECK ((k IS NULL) = (opc IS NULL) AND (k IS NULL) = (amf IS NULL) AND (k IS NULL) = (sqn IS NULL)),
    CHECK (k IS NOT NULL OR password IS NOT NULL)
  ) STRICT`;

/** Who has a public identity: an index of `subscribers.impus`. One that several share has several rows. */
const PUBLIC_IDENTITIES = `(
    impu TEXT NOT NULL,
    impi TEXT NOT NULL,
    PRIMARY KEY (impu, impi)
  ) STRICT, WITHOUT ROWID`;

const SCHEMA = `
  CREATE TABLE metadata (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
  ) STRICT;
  CREATE TABLE subscribers ${SUBSCRIBERS};
  CREATE TABLE public_identities ${PUBLIC_IDENTITIES};
  CREATE INDEX public_identities_impi ON public_identities (impi);
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

/**
 * What brings a database of each older version to the next one. Secrets are sealed to column and IMPI, not to the table,
 * so that they are copied as they are. A process that has the file open with the older version goes on: it names the
 * columns that it writes, and takes those without K for damaged; whom it adds has no public identity to be found by.
 */
const MIGRATIONS: Readonly<Record<number, string>> = {
  1: `
    CREATE TABLE subscribers_2 ${SUBSCRIBERS};
    INSERT INTO subscribers_2 (impi, impus, k, opc, amf, sqn, settings)
      SELECT impi, impus, k, opc, amf, sqn, settings FROM subscribers;
    DROP TABLE subscribers;
    ALTER TABLE subscribers_2 RENAME TO subscribers;
    PRAGMA user_version = 2;
  `,
  2: `
    CREATE TABLE public_identities ${PUBLIC_IDENTITIES};
    CREATE INDEX public_identities_impi ON public_identities (impi);
    INSERT OR IGNORE INTO public_identities (impu, impi)
      SELECT json_each.value, impi FROM subscribers, json_each(impus);
    PRAGMA user_version = 3;
  `,
};

function prepareSchema(database: DatabaseSync, path: string, box: SecretBox): void {
  // Two processes may find the file empty at the same moment: the one that gets the write lock makes the schema.
  database.exec('BEGIN IMMEDIATE');
  const objects = pragma(database, 'SELECT count(*) AS value FROM sqlite_schema');
  if (objects === 0) {
    database.exec(SCHEMA);
    const check = box.seal(KEY_CHECK, 'key check');
    database.prepare("INSERT INTO metadata (name, value) VALUES ('key-check', ?)").run(check);
  }
  database.exec('COMMIT');

  if (pragma(database, 'SELECT application_id AS value FROM pragma_application_id') !== APPLICATION_ID) {
    throw new KmcError('OSGATE_KMC_DATABASE', `${path}: is no subscriber database`);
  }
  const version = schemaVersion(database);
  if (version < 1 || version > SCHEMA_VERSION) {
    throw new KmcError(
      'OSGATE_KMC_DATABASE',
      `${path}: has schema version ${version}, this program knows ${SCHEMA_VERSION}`,
    );
  }
  const check = database.prepare("SELECT value FROM metadata WHERE name = 'key-check'").get()?.['value'];
  const opened = check instanceof Uint8Array ? box.open(check, 'key check') : undefined;
  if (opened?.equals(KEY_CHECK) !== true) {
    throw new KmcError('OSGATE_KMC_DATABASE', `${path}: was written with another secret key`);
  }
  // Only now that the file is ours and the key is right may it be changed.
  if (version < SCHEMA_VERSION) migrate(database);
}

/** All the steps in one transaction: the file has the old schema or the new one, whatever happens in between. */
function migrate(database: DatabaseSync): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    // Another process may have been faster.
    for (let version = schemaVersion(database); version < SCHEMA_VERSION; version = schemaVersion(database)) {
      database.exec(MIGRATIONS[version] ?? '');
    }
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

function schemaVersion(database: DatabaseSync): number {
  return pragma(database, 'SELECT user_version AS value FROM pragma_user_version');
}

function pragma(database: DatabaseSync, query: string): number {
  return Number(database.prepare(query).get()?.['value'] ?? 0);
}
