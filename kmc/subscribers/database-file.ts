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
const SCHEMA_VERSION = 1;
const KEY_CHECK = Buffer.from('osgate subscriber database');

const SCHEMA = `
  CREATE TABLE metadata (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
  ) STRICT;
  CREATE TABLE subscribers (
    impi TEXT PRIMARY KEY,
    impus TEXT NOT NULL,
    k BLOB NOT NULL,
    opc BLOB NOT NULL,
    amf BLOB NOT NULL,
    sqn INTEGER NOT NULL CHECK (sqn BETWEEN 0 AND 281474976710655),
    settings TEXT NOT NULL
  ) STRICT;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

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
  const version = pragma(database, 'SELECT user_version AS value FROM pragma_user_version');
  if (version !== SCHEMA_VERSION) {
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
}

function pragma(database: DatabaseSync, query: string): number {
  return Number(database.prepare(query).get()?.['value'] ?? 0);
}
