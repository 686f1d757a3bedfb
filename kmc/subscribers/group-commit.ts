import type { DatabaseSync } from 'node:sqlite';

interface Job {
  run(): void;
  settle(failure: unknown): void;
}

/**
 * Puts all the work of one turn of the event loop into one transaction, so that a hundred pushes, or sequence numbers, wait for the disk once. What a
 * job gives is given on once the commit is on disk.
 */
export class GroupCommit {
  /** Transactions so far, and the jobs in them. */
  readonly counters = { commits: 0, jobs: 0 };
  readonly #database: DatabaseSync;
  #jobs: Job[] = [];
  #scheduled = false;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Rejects with what `work` throws, which then has changed nothing, or with what the commit throws. */
  run<T>(work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      let result: { readonly value: T } | undefined;
      let failure: unknown;
      this.#jobs.push({
        run: () => {
          try {
            result = { value: work() };
          } catch (error) {
            failure = error;
            throw error;
          }
        },
        settle: (failed) => {
          if (failed === undefined && result !== undefined) resolve(result.value);
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what was thrown goes on as it is
          else reject(failure ?? failed);
        },
      });
      if (this.#scheduled) return;
      this.#scheduled = true;
      setImmediate(() => {
        this.flush();
      });
    });
  }

  /** Commits what waits, now. */
  flush(): void {
    const jobs = this.#jobs;
    this.#jobs = [];
    this.#scheduled = false;
    if (jobs.length === 0) return;
    this.counters.commits++;
    this.counters.jobs += jobs.length;
    const failure = this.#commit(jobs);
    for (const job of jobs) job.settle(failure);
  }

  /** Undefined when everything is on disk. */
  #commit(jobs: readonly Job[]): unknown {
    const database = this.#database;
    try {
      database.exec('BEGIN IMMEDIATE');
      for (const job of jobs) {
        database.exec('SAVEPOINT job');
        try {
          job.run();
        } catch {
          // Its caller is told; the others are not to suffer for it.
          database.exec('ROLLBACK TO job');
        }
        database.exec('RELEASE job');
      }
      database.exec('COMMIT');
      return undefined;
    } catch (error) {
      if (database.isOpen && database.isTransaction) database.exec('ROLLBACK');
      return error;
    }
  }
}
