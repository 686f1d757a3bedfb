import { WorkerProcess, type WorkerProcessOptions } from './worker-process.ts';

/**
 * Makes worker processes, and keeps one ahead when asked to. Loading the program is most of a start, and longest when the
 * machine is busy, which is when a worker dies.
 */
export class WorkerProcesses {
  readonly #options: WorkerProcessOptions & { readonly spare: boolean };
  #spare: WorkerProcess | undefined;
  #open = true;

  constructor(options: WorkerProcessOptions & { readonly spare: boolean }) {
    this.#options = options;
  }

  /** The one that stands by, or a new one. */
  take(): WorkerProcess {
    const taken = this.#spare ?? new WorkerProcess(this.#options);
    this.#spare = undefined;
    return taken;
  }

  /** Sees that one stands by. Called when a worker is up, so that the two do not compete for the processor. */
  prepare(): void {
    if (!this.#open || !this.#options.spare || this.#spare !== undefined) return;
    const spare = new WorkerProcess(this.#options);
    // One that dies while it waits is made again when the next worker is up.
    spare.onExit = () => {
      if (this.#spare === spare) this.#spare = undefined;
    };
    this.#spare = spare;
  }

  close(): void {
    this.#open = false;
    this.#spare?.kill();
    this.#spare = undefined;
  }
}
