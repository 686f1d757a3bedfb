import type { SupervisionConfig } from '../../config/index.ts';
import { countsOnly, mergeMetrics, sumOf, type Logger, type MetricsData } from '../../ops/index.ts';
import type { SupervisorMessage } from './messages.ts';
import type { WorkerProcess } from './worker-process.ts';
import type { WorkerProcesses } from './worker-processes.ts';

export interface WorkerSlotOptions {
  readonly slot: number;
  readonly supervision: SupervisionConfig;
  readonly logger: Logger;
  /** Where its processes come from. */
  readonly processes: WorkerProcesses;
  /** What the next process of the slot is started with. */
  readonly start: () => Extract<SupervisorMessage, { type: 'start' }>;
}

/** One slot: sockets that stay, and the worker process that reads them now. */
export class WorkerSlot {
  readonly slot: number;
  restarts = 0;
  /** Questions of the supervisor that it did not answer in time. */
  unanswered = 0;
  readonly #options: WorkerSlotOptions;
  #process: WorkerProcess | undefined;
  #up = false;
  #stopping = false;
  #startedAt = 0;
  #delay = 0;
  #timer: NodeJS.Timeout | undefined;
  #gone = Promise.resolve();
  /** The last that the process of now told. */
  #last: MetricsData = [];
  /** The counts of all processes of the slot that have ended: what is counted must not go back. */
  #retired: MetricsData = [];

  constructor(options: WorkerSlotOptions) {
    this.slot = options.slot;
    this.#options = options;
  }

  /** True while its process serves. */
  get up(): boolean {
    return this.#up;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** The process, while it serves. */
  get process(): WorkerProcess | undefined {
    return this.#up ? this.#process : undefined;
  }

  /** Starts the first process; rejects when it cannot serve. */
  async start(): Promise<void> {
    await this.#spawn().ready();
  }

  /**
   * The metrics of the slot: those of its process now, and the counts of the ones before it. Of a process that does not
   * answer in time, the counts that it told last stand for it, and its gauges are left out.
   */
  async metrics(): Promise<MetricsData> {
    const worker = this.process;
    if (worker === undefined) return this.#total(countsOnly(this.#last));
    try {
      const data = await worker.ask('metrics', undefined);
      if (worker === this.#process) this.#last = data;
      return await this.#total(data);
    } catch {
      this.unanswered++;
      return this.#total(countsOnly(this.#last));
    }
  }

  /** A gauge of its process, as it was told last; 0 while none serves. */
  lastOf(name: string): number {
    return sumOf(this.#last, name);
  }

  /** Lets the process finish what is under way; it is not started again from now on. */
  async finish(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    await this.#process?.finish();
  }

  /** Ends the process; after `limitMilliseconds` it is killed. */
  async end(limitMilliseconds: number): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    this.#process?.end();
    const limit = setTimeout(() => {
      this.#options.logger.warn({ event: 'worker-killed', worker: this.slot }, 'worker did not end in time');
      this.kill();
    }, limitMilliseconds);
    await this.#gone;
    clearTimeout(limit);
  }

  kill(): void {
    this.#stopping = true;
    clearTimeout(this.#timer);
    this.#process?.kill();
  }

  async #total(data: MetricsData): Promise<MetricsData> {
    return this.#retired.length === 0 ? data : mergeMetrics([data, this.#retired]);
  }

  #spawn(): WorkerProcess {
    const { logger, start, processes } = this.#options;
    const gone = Promise.withResolvers<undefined>();
    this.#gone = gone.promise.then(() => undefined);
    this.#startedAt = performance.now();
    const worker = processes.take();
    worker.onExit = (how) => {
      this.#exited(how);
      gone.resolve(undefined);
    };
    worker.start(start());
    this.#process = worker;
    worker.ready().then(
      () => {
        this.#up = true;
        const milliseconds = Math.round(performance.now() - this.#startedAt);
        logger.info({ event: 'worker-up', worker: this.slot, workerPid: worker.pid, milliseconds }, 'worker is up');
        processes.prepare();
      },
      // Told by `onExit`.
      () => undefined,
    );
    return worker;
  }

  #exited(how: string): void {
    const wasUp = this.#up;
    this.#up = false;
    this.#process = undefined;
    const ended = countsOnly(this.#last);
    this.#last = [];
    void mergeMetrics([this.#retired, ended]).then((merged) => {
      this.#retired = merged;
    });
    if (this.#stopping) return;
    const { supervision, logger } = this.#options;
    // A process that never came up at the very start is for whoever waits for `start`.
    if (!wasUp && this.restarts === 0) return;
    const stable = performance.now() - this.#startedAt >= supervision.stableAfterMilliseconds;
    const delay = stable || this.restarts === 0 ? 0 : this.#delay;
    this.#delay =
      delay === 0
        ? supervision.restartDelayMilliseconds
        : Math.min(delay * 2, supervision.restartDelayMaximumMilliseconds);
    this.restarts++;
    logger.error({ event: 'worker-died', worker: this.slot, how, restartInMilliseconds: delay }, 'worker died');
    this.#timer = setTimeout(() => {
      this.#spawn();
    }, delay);
  }
}
