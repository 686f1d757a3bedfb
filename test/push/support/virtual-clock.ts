import type { Clock } from '../../../push/index.ts';

/** Time that goes on when it is told to. */
export class VirtualClock implements Clock {
  #now: number;
  readonly #timers = new Set<{ readonly at: number; readonly work: () => void }>();

  constructor(now: number) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, work: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, milliseconds), work };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }

  /** Time goes by while the program is busy: what was due meanwhile has not happened yet. */
  pass(milliseconds: number): void {
    this.#now += milliseconds;
  }

  /** Goes on by so much, and lets everything happen on the way. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    for (;;) {
      await settled();
      const next = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.work();
    }
    this.#now = end;
    await settled();
  }
}

/** Until everything that needs no time has happened: commits of a turn take a turn each. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
