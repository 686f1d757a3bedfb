import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/**
 * Opens a SQLite file, or makes it for its owner alone, so that several processes may use it and every commit is on
 * disk when it returns: write-ahead log, synchronous FULL. Throws what the file system or SQLite throws.
 *
 * @param busyTimeoutMilliseconds how long each statement waits for another process that is writing
 */
export function openSqliteFile(path: string, busyTimeoutMilliseconds: number): DatabaseSync {
  // SQLite gives its log files the rights of the database: so they too are for the owner alone.
  if (path !== ':memory:') closeSync(openSync(path, 'a', 0o600));
  const database = new DatabaseSync(path, { timeout: busyTimeoutMilliseconds });
  try {
    useWriteAheadLog(database, busyTimeoutMilliseconds);
    // In write-ahead mode, FULL is what makes each commit wait for the disk.
    database.exec('PRAGMA synchronous = FULL');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** SQLite's own time to wait does not hold for this change: of two processes that make a new file, one is told "busy". */
function useWriteAheadLog(database: DatabaseSync, timeoutMilliseconds: number): void {
  const deadline = performance.now() + timeoutMilliseconds;
  for (;;) {
    try {
      database.exec('PRAGMA journal_mode = WAL');
      return;
    } catch (error) {
      if (!isBusy(error) || performance.now() >= deadline) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MILLISECONDS);
    }
  }
}

const SQLITE_BUSY = 5;
const RETRY_MILLISECONDS = 5;

function isBusy(error: unknown): boolean {
  // The low octet is the code; the others say more of it.
  return (
    error instanceof Error &&
    'errcode' in error &&
    typeof error.errcode === 'number' &&
    (error.errcode & 0xff) === SQLITE_BUSY
  );
}
