/** Nobody ever wakes it: a wait there lasts as long as it may. */
const NEVER = new Int32Array(new SharedArrayBuffer(4));

/** So many are worth a turn by themselves, and where so many come no time is to be lost. */
const ENOUGH = 16;

/**
 * Lets datagrams gather for a moment before they are read, where they come so densely that more are to be expected: network
 * cards moderate their interrupts for the same reason. Ten datagrams in one turn of the event loop cost less than half of ten
 * in a turn each, for which caches have gone cold and the thread has to be woken up.
 */
export class Gathering {
  readonly #milliseconds: number;
  readonly #clock: () => number;
  /** When the last turn began, and how many datagrams it read. */
  #turnAt = -Infinity;
  #read = 0;

  /** @param milliseconds how long a datagram may wait for others; 0 for not at all */
  constructor(milliseconds: number, clock: () => number = () => performance.now()) {
    this.#milliseconds = milliseconds;
    this.#clock = clock;
  }

  /** A datagram has come after a pause. Stands still if at the pace of the last turn another one comes in that time. */
  wait(): void {
    if (this.#milliseconds === 0) return;
    const now = this.#clock();
    const expected = (this.#read * this.#milliseconds) / (now - this.#turnAt);
    const isWorth = expected >= 1 && this.#read < ENOUGH;
    this.#turnAt = now;
    this.#read = 0;
    if (isWorth) Atomics.wait(NEVER, 0, 0, this.#milliseconds);
  }

  /** So many datagrams were read in this turn. */
  count(datagrams: number): void {
    this.#read += datagrams;
  }
}
