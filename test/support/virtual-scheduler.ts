import type { Scheduler, Timer } from '../../sip/index.ts';

interface Entry {
  readonly due: number;
  readonly order: number;
  readonly callback: () => void;
}

/** Time that passes only when a test says so. Timers fire in order of their time, then of their start. */
export class VirtualScheduler implements Scheduler {
  readonly #entries = new Set<Entry>();
  #now = 0;
  #order = 0;

  now(): number {
    return this.#now;
  }

  get size(): number {
    return this.#entries.size;
  }

  schedule<T>(delay: number, callback: (argument: T) => void, argument?: T): Timer {
    const entry = {
      due: this.#now + delay,
      order: this.#order++,
      callback: () => {
        callback(argument as T);
      },
    };
    this.#entries.add(entry);
    return {
      cancel: () => {
        this.#entries.delete(entry);
      },
    };
  }

  /** Lets `milliseconds` pass. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      let next: Entry | undefined;
      for (const entry of this.#entries) {
        if (entry.due > end) continue;
        if (next === undefined || entry.due < next.due || (entry.due === next.due && entry.order < next.order))
          next = entry;
      }
      if (next === undefined) break;
      this.#entries.delete(next);
      this.#now = next.due;
      next.callback();
    }
    this.#now = end;
  }
}
