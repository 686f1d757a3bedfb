/** What can wait in a {@link TimerQueue}: the queue keeps its books in the object itself. */
export interface Timed {
  /** When it is due, on the clock of the queue; nothing while it does not wait. */
  dueAt: number;
  /** Its place in the queue; -1 while it does not wait. */
  queueIndex: number;
  onDue(): void;
}

/**
 * All timers of one endpoint: a binary heap and one `setTimeout`, however many associations there are. Things that do not
 * wait cost nothing.
 */
export class TimerQueue {
  readonly #now: () => number;
  readonly #heap: Timed[] = [];
  #timeout: NodeJS.Timeout | undefined;
  #armedFor = Number.POSITIVE_INFINITY;

  /** @param now milliseconds on a clock that never goes back */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** How many wait. */
  get size(): number {
    return this.#heap.length;
  }

  /** Lets `timed` wait until `dueAt`, in place of what it waited for; `undefined` takes it out. */
  set(timed: Timed, dueAt: number | undefined): void {
    if (dueAt === undefined) {
      this.#remove(timed);
      return;
    }
    const earlier = dueAt < timed.dueAt;
    timed.dueAt = dueAt;
    if (timed.queueIndex < 0) {
      timed.queueIndex = this.#heap.length;
      this.#heap.push(timed);
      this.#rise(timed);
    } else if (earlier) this.#rise(timed);
    else this.#sink(timed);
    this.#arm();
  }

  /** Fires what is due. The queue calls it by itself; tests with a clock of their own call it. */
  run(): void {
    const now = this.#now();
    try {
      for (let first = this.#heap[0]; first !== undefined && first.dueAt <= now; first = this.#heap[0]) {
        this.#remove(first);
        first.onDue();
      }
    } finally {
      // A listener of the application may have thrown; the others still have their turn.
      this.#arm();
    }
  }

  /** Forgets everything. */
  clear(): void {
    for (const timed of this.#heap) {
      timed.queueIndex = -1;
    }
    this.#heap.length = 0;
    this.#disarm();
  }

  /** A timeout that is earlier than need be is left: moving it for every datagram would cost more than one idle turn. */
  #arm(): void {
    const [first] = this.#heap;
    if (first === undefined) {
      this.#disarm();
      return;
    }
    if (this.#timeout !== undefined && this.#armedFor <= first.dueAt) return;
    clearTimeout(this.#timeout);
    this.#armedFor = first.dueAt;
    this.#timeout = setTimeout(this.#onTimeout, Math.min(Math.max(Math.ceil(first.dueAt - this.#now()), 0), LONGEST));
    this.#timeout.unref();
  }

  #disarm(): void {
    clearTimeout(this.#timeout);
    this.#timeout = undefined;
    this.#armedFor = Number.POSITIVE_INFINITY;
  }

  readonly #onTimeout = (): void => {
    this.#timeout = undefined;
    this.#armedFor = Number.POSITIVE_INFINITY;
    this.run();
  };

  #remove(timed: Timed): void {
    const index = timed.queueIndex;
    if (index < 0) return;
    timed.queueIndex = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === timed) return;
    this.#put(last, index);
    this.#rise(last);
    this.#sink(last);
  }

  #rise(timed: Timed): void {
    let index = timed.queueIndex;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const other = this.#heap[above];
      if (other === undefined || other.dueAt <= timed.dueAt) break;
      this.#put(other, index);
      index = above;
    }
    this.#put(timed, index);
  }

  #sink(timed: Timed): void {
    let index = timed.queueIndex;
    for (;;) {
      const left = this.#heap[2 * index + 1];
      const right = this.#heap[2 * index + 2];
      const child = right !== undefined && left !== undefined && right.dueAt < left.dueAt ? right : left;
      if (child === undefined || child.dueAt >= timed.dueAt) break;
      const below = child.queueIndex;
      this.#put(child, index);
      index = below;
    }
    this.#put(timed, index);
  }

  #put(timed: Timed, index: number): void {
    this.#heap[index] = timed;
    timed.queueIndex = index;
  }
}

/** The longest time that `setTimeout` takes. */
const LONGEST = 0x7fff_ffff;
