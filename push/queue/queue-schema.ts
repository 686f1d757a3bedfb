import type { DatabaseSync } from 'node:sqlite';

import { PushError } from '../errors.ts';

/** "OSGP": marks the file as a queue of pushes, so that another program's database is never written to. */
const APPLICATION_ID = 0x4f534750;
const SCHEMA_VERSION = 1;

/**
 * `state` is NULL while a push has not ended: what is under way at a moment is known to the process alone, so that after its
 * death everything is due again. How many are open is kept by triggers, for counting a full queue at each push would be slow. The content goes when the push ends; the row stays for the initiator's questions.
 */
const SCHEMA = `
  CREATE TABLE pushes (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    wire_id TEXT NOT NULL UNIQUE,
    initiator TEXT NOT NULL,
    id TEXT NOT NULL,
    recipient_type TEXT NOT NULL,
    recipient TEXT NOT NULL,
    content_type TEXT NOT NULL,
    content BLOB NOT NULL,
    application_id TEXT,
    message_class TEXT,
    priority INTEGER NOT NULL,
    accepted_at INTEGER NOT NULL,
    deliver_after INTEGER,
    deliver_before INTEGER NOT NULL,
    notify_url TEXT,
    due_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    state TEXT,
    reason TEXT,
    changed_at INTEGER NOT NULL,
    UNIQUE (initiator, id)
  ) STRICT;
  CREATE INDEX pushes_due ON pushes (priority, due_at, key) WHERE state IS NULL;
  CREATE INDEX pushes_next ON pushes (due_at) WHERE state IS NULL;
  CREATE INDEX pushes_expiry ON pushes (deliver_before) WHERE state IS NULL;
  CREATE INDEX pushes_subscriber ON pushes (recipient, recipient_type) WHERE state IS NULL;
  CREATE INDEX pushes_ended ON pushes (changed_at) WHERE state IS NOT NULL;
  CREATE TABLE open_pushes (initiator TEXT PRIMARY KEY, pushes INTEGER NOT NULL) STRICT;
  CREATE TRIGGER pushes_accepted AFTER INSERT ON pushes BEGIN
    INSERT INTO open_pushes VALUES (new.initiator, 1) ON CONFLICT (initiator) DO UPDATE SET pushes = pushes + 1;
  END;
  CREATE TRIGGER pushes_ended_count AFTER UPDATE OF state ON pushes WHEN old.state IS NULL AND new.state IS NOT NULL BEGIN
    UPDATE open_pushes SET pushes = pushes - 1 WHERE initiator = new.initiator;
  END;
  CREATE TABLE notifications (
    key INTEGER PRIMARY KEY,
    url TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX notifications_due ON notifications (due_at);
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

/** Makes the tables in an empty file. @throws PushError OSGATE_PUSH_QUEUE for another program's file, or a newer version */
export function prepareQueueSchema(database: DatabaseSync, path: string): void {
  // Two processes may find the file empty at the same moment: the one that gets the write lock makes the schema.
  database.exec('BEGIN IMMEDIATE');
  if (pragma(database, 'SELECT count(*) AS value FROM sqlite_schema') === 0) database.exec(SCHEMA);
  database.exec('COMMIT');
  if (pragma(database, 'SELECT application_id AS value FROM pragma_application_id') !== APPLICATION_ID) {
    throw new PushError('OSGATE_PUSH_QUEUE', `${path}: is no queue of pushes`);
  }
  const version = pragma(database, 'SELECT user_version AS value FROM pragma_user_version');
  if (version !== SCHEMA_VERSION) {
    throw new PushError('OSGATE_PUSH_QUEUE', `${path}: has version ${version}, this program knows ${SCHEMA_VERSION}`);
  }
}

function pragma(database: DatabaseSync, query: string): number {
  return Number(database.prepare(query).get()?.['value'] ?? 0);
}
