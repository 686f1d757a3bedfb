import { randomBytes } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';

import { GroupCommit, openSqliteFile } from '../../kmc/index.ts';
import { PushError } from '../errors.ts';
import { PUSH_PRIORITIES, type PushMessage, type PushStatus } from '../message/index.ts';
import type {
  Acceptance,
  AttemptEnd,
  Cancellation,
  FinalState,
  PushQueue,
  QueuedPush,
  ResultNotification,
} from './push-queue.ts';
import { MESSAGE_COLUMNS, messageOf, numberOf, statusOf, textOf, valuesOf, type Row } from './queue-row.ts';
import { prepareQueueSchema } from './queue-schema.ts';

export interface SqlitePushQueueOptions {
  /** The SQLite file; one process at a time delivers from it. */
  readonly path: string;
  /** Pushes that have not ended, in all and for one subscriber; beyond that new ones are refused. */
  readonly maximumPushes: number;
  readonly maximumPushesOfSubscriber: number;
  /** The same for an initiator, by its name; undefined for no other bound than the queue's. */
  readonly maximumPushesOfInitiator: (initiator: string) => number | undefined;
  /** How long the status of a push can be asked for after its end. */
  readonly retentionMilliseconds: number;
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly now?: () => number;
  /** How long to wait for another process that is writing. Default 5000. */
  readonly busyTimeoutMilliseconds?: number;
}

/** The queue of pushes in a SQLite file, every change on disk before it is told. */
export class SqlitePushQueue implements PushQueue {
  readonly #database: DatabaseSync;
  readonly #commits: GroupCommit;
  readonly #options: SqlitePushQueueOptions;
  readonly #now: () => number;
  readonly #statements: Statements;
  /** What is being delivered: place in the queue to subscriber. */
  readonly #underWay = new Map<number, string>();
  readonly #busySubscribers = new Set<string>();

  private constructor(database: DatabaseSync, options: SqlitePushQueueOptions) {
    this.#database = database;
    this.#commits = new GroupCommit(database);
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#statements = prepare(database);
  }

  /** @throws PushError OSGATE_PUSH_QUEUE when the file cannot be used, or is no queue of this version */
  static open(options: SqlitePushQueueOptions): SqlitePushQueue {
    let database: DatabaseSync | undefined;
    try {
      database = openSqliteFile(options.path, options.busyTimeoutMilliseconds ?? 5000);
      prepareQueueSchema(database, options.path);
      return new SqlitePushQueue(database, options);
    } catch (error) {
      if (database?.isOpen === true) database.close();
      throw queueError(error);
    }
  }

  /** Transactions so far, and the changes in them. */
  get counters(): GroupCommit['counters'] {
    return this.#commits.counters;
  }

  /** Pushes that have not ended: those under way at this moment, and those that wait for their time. */
  get depth(): { readonly waiting: number; readonly underWay: number } {
    const underWay = this.#underWay.size;
    return { waiting: this.#read(() => numberOf(this.#statements.size.get() ?? {}, 'pushes')) - underWay, underWay };
  }

  accept(message: PushMessage): Promise<Acceptance> {
    return this.#change(() => this.#accept(message));
  }

  replace(replaced: string, message: PushMessage): Promise<Acceptance | 'too-late' | 'unknown'> {
    return this.#change(() => {
      const row = this.#statements.find.get(message.initiator, replaced);
      if (row === undefined) return 'unknown';
      const key = numberOf(row, 'key');
      if (row['state'] !== null || this.#underWay.has(key)) return 'too-late';
      // It goes first, so that what it leaves free is there for the new one; if that one is refused it comes back.
      this.#database.exec('SAVEPOINT replacement');
      this.#end(key, 'replaced', { attempted: false });
      const acceptance = this.#accept(message);
      if (acceptance !== 'accepted') this.#database.exec('ROLLBACK TO replacement');
      this.#database.exec('RELEASE replacement');
      return acceptance;
    });
  }

  cancel(initiator: string, id: string): Promise<Cancellation> {
    return this.#change(() => {
      const row = this.#statements.find.get(initiator, id);
      if (row === undefined) return 'unknown';
      const key = numberOf(row, 'key');
      if (row['state'] !== null || this.#underWay.has(key)) return 'too-late';
      this.#end(key, 'cancelled', { attempted: false });
      return 'cancelled';
    });
  }

  async status(initiator: string, id: string): Promise<PushStatus | undefined> {
    return this.#read(() => {
      const row = this.#statements.find.get(initiator, id);
      return row === undefined ? undefined : statusOf(row, this.#underWay.has(numberOf(row, 'key')));
    });
  }

  async take(maximum: number): Promise<readonly QueuedPush[]> {
    return this.#read(() => {
      const taken: QueuedPush[] = [];
      const now = this.#now();
      for (let priority = 0; priority < PUSH_PRIORITIES.length; priority++) {
        for (const row of this.#statements.due.iterate(priority, now, now)) {
          if (taken.length === maximum) return taken;
          const subscriber = subscriberOf(row);
          // A subscriber's pushes go one after the other; there are not many of one, so that the scan stays short.
          if (this.#busySubscribers.has(subscriber)) continue;
          const push = pushOf(row);
          this.#underWay.set(push.key, subscriber);
          this.#busySubscribers.add(subscriber);
          taken.push(push);
        }
      }
      return taken;
    });
  }

  async settle(key: number, state: FinalState, end: AttemptEnd): Promise<void> {
    await this.#change(() => {
      this.#end(key, state, end);
    });
    this.#release(key);
  }

  async putOff(key: number, until: number, { attempted, reason }: AttemptEnd): Promise<void> {
    await this.#change(() => {
      this.#statements.putOff.run(until, attempted ? 1 : 0, reason ?? null, this.#now(), key);
    });
    this.#release(key);
  }

  async expire(): Promise<number> {
    const now = this.#now();
    const forgottenBefore = now - this.#options.retentionMilliseconds;
    // It is called whenever there may be something to deliver, and seldom has anything to do: no transaction for nothing.
    const over = this.#read(() => numberOf(this.#statements.over.get(now, forgottenBefore) ?? {}, 'over'));
    if (over === 0) return 0;
    return this.#change(() => {
      let expired = 0;
      for (const row of this.#statements.expired.all(now)) {
        const key = numberOf(row, 'key');
        // One under way ends as its delivery does.
        if (this.#underWay.has(key)) continue;
        this.#end(key, 'expired', { attempted: false });
        expired++;
      }
      this.#statements.forget.run(forgottenBefore);
      return expired;
    });
  }

  async nextDue(): Promise<number | undefined> {
    return this.#read(() => {
      const next = this.#statements.next.get()?.['next'];
      return typeof next === 'number' ? next : undefined;
    });
  }

  async notifications(maximum: number, without: readonly string[] = []): Promise<readonly ResultNotification[]> {
    return this.#read(() =>
      this.#statements.notifications.all(this.#now(), JSON.stringify(without), maximum).map((row) => ({
        key: numberOf(row, 'key'),
        url: textOf(row, 'url'),
        attempts: numberOf(row, 'notification_attempts'),
        status: statusOf(row, false),
      })),
    );
  }

  async notified(key: number): Promise<void> {
    await this.#change(() => this.#statements.notified.run(key));
  }

  async putOffNotification(key: number, until: number): Promise<void> {
    await this.#change(() => this.#statements.putOffNotification.run(until, key));
  }

  async size(): Promise<number> {
    return this.#read(() => numberOf(this.#statements.size.get() ?? {}, 'pushes'));
  }

  /** What was asked for before is on disk when this resolves. */
  async close(): Promise<void> {
    this.#commits.flush();
    if (this.#database.isOpen) this.#database.close();
  }

  #accept(message: PushMessage): Acceptance {
    const { maximumPushes, maximumPushesOfSubscriber, maximumPushesOfInitiator } = this.#options;
    const { initiator, id, recipient, deliverAfter, acceptedAt } = message;
    const { find, size, sizeOfSubscriber, sizeOfInitiator, insert } = this.#statements;
    if (find.get(initiator, id) !== undefined) return 'duplicate';
    if (numberOf(size.get() ?? {}, 'pushes') >= maximumPushes) return 'queue-full';
    const ofSubscriber = sizeOfSubscriber.get(recipient.value, recipient.type) ?? {};
    if (numberOf(ofSubscriber, 'pushes') >= maximumPushesOfSubscriber) return 'subscriber-full';
    const bound = maximumPushesOfInitiator(initiator);
    if (bound !== undefined && numberOf(sizeOfInitiator.get(initiator) ?? {}, 'pushes') >= bound) {
      return 'initiator-full';
    }
    const wireId = randomBytes(WIRE_ID_OCTETS).toString('base64url');
    insert.run(...valuesOf(message), wireId, deliverAfter ?? acceptedAt, acceptedAt);
    return 'accepted';
  }

  #end(key: number, state: FinalState, { attempted, reason }: AttemptEnd): void {
    const now = this.#now();
    const { changes } = this.#statements.end.run(state, attempted ? 1 : 0, reason ?? null, now, key);
    if (changes === 1) this.#statements.notify.run(now, key);
  }

  #release(key: number): void {
    const subscriber = this.#underWay.get(key);
    if (subscriber === undefined) return;
    this.#underWay.delete(key);
    this.#busySubscribers.delete(subscriber);
  }

  async #change<T>(work: () => T): Promise<T> {
    try {
      return await this.#commits.run(work);
    } catch (error) {
      throw queueError(error);
    }
  }

  #read<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw queueError(error);
    }
  }
}

const WIRE_ID_OCTETS = 12;

function pushOf(row: Row): QueuedPush {
  const [key, attempts] = [numberOf(row, 'key'), numberOf(row, 'attempts')];
  return { key, wireId: textOf(row, 'wire_id'), message: messageOf(row), attempts };
}

function subscriberOf(row: Row): string {
  return `${textOf(row, 'recipient_type')} ${textOf(row, 'recipient')}`;
}

function queueError(error: unknown): PushError {
  if (error instanceof PushError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new PushError('OSGATE_PUSH_QUEUE', `the queue of pushes cannot be used (${reason})`, { cause: error });
}

type Statements = ReturnType<typeof prepare>;

function prepare(database: DatabaseSync) {
  const statement = (sql: string): StatementSync => database.prepare(sql);
  const placeholders = MESSAGE_COLUMNS.split(',')
    .map(() => '?')
    .join(', ');
  return {
    find: statement('SELECT * FROM pushes WHERE initiator = ? AND id = ?'),
    insert: statement(
      `INSERT INTO pushes (${MESSAGE_COLUMNS}, wire_id, due_at, changed_at) VALUES (${placeholders}, ?, ?, ?)`,
    ),
    size: statement('SELECT coalesce(sum(pushes), 0) AS pushes FROM open_pushes'),
    sizeOfSubscriber: statement(
      'SELECT count(*) AS pushes FROM pushes WHERE recipient = ? AND recipient_type = ? AND state IS NULL',
    ),
    sizeOfInitiator: statement('SELECT coalesce(sum(pushes), 0) AS pushes FROM open_pushes WHERE initiator = ?'),
    due: statement(
      `SELECT * FROM pushes WHERE state IS NULL AND priority = ? AND due_at <= ? AND deliver_before > ?
       ORDER BY due_at, key`,
    ),
    next: statement('SELECT min(min(due_at), min(deliver_before)) AS next FROM pushes WHERE state IS NULL'),
    over: statement(
      `SELECT EXISTS (SELECT 1 FROM pushes WHERE state IS NULL AND deliver_before <= ?)
         OR EXISTS (SELECT 1 FROM pushes WHERE state IS NOT NULL AND changed_at <= ?) AS over`,
    ),
    expired: statement('SELECT key FROM pushes WHERE state IS NULL AND deliver_before <= ?'),
    end: statement(
      `UPDATE pushes SET state = ?, attempts = attempts + ?, reason = ?, changed_at = ?, content = x''
       WHERE key = ? AND state IS NULL`,
    ),
    putOff: statement(
      'UPDATE pushes SET due_at = ?, attempts = attempts + ?, reason = ?, changed_at = ? WHERE key = ? AND state IS NULL',
    ),
    forget: statement(
      'DELETE FROM pushes WHERE state IS NOT NULL AND changed_at <= ? AND key NOT IN (SELECT key FROM notifications)',
    ),
    notify: statement(
      `INSERT INTO notifications (key, url, due_at)
       SELECT key, notify_url, ? FROM pushes WHERE key = ? AND notify_url IS NOT NULL`,
    ),
    notifications: statement(
      `SELECT pushes.*, url, notifications.attempts AS notification_attempts
       FROM notifications JOIN pushes USING (key)
       WHERE notifications.due_at <= ? AND initiator NOT IN (SELECT value FROM json_each(?))
       ORDER BY notifications.due_at LIMIT ?`,
    ),
    notified: statement('DELETE FROM notifications WHERE key = ?'),
    putOffNotification: statement('UPDATE notifications SET due_at = ?, attempts = attempts + 1 WHERE key = ?'),
  };
}
