import type { Scheduler, Timer } from '../scheduler.ts';

interface Entry<T> {
  readonly value: T;
  readonly endsAt: number;
}

/**
 * What is left of transactions that only wait for stray copies of a message to die out in the network (timers J and K of
 * RFC 3261 17.2.2 and 17.1.2.2). All of them wait equally long, so the order in which they came is the order in which they
 * go, and one timer serves them all.
 */
export class CompletedTransactions<T> {
  readonly #scheduler: Scheduler;
  readonly #lifetime: number;
  readonly #entries = new Map<string, Entry<T>>();
  #timer: Timer | undefined;

  /** @param lifetime milliseconds */
  constructor(scheduler: Scheduler, lifetime: number) {
    this.#scheduler = scheduler;
    this.#lifetime = lifetime;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Remembers `value` for the lifetime. A key is added once only while it is remembered. */
  add(key: string, value: T): void {
    this.#entries.set(key, { value, endsAt: this.#scheduler.now() + this.#lifetime });
    this.#timer ??= this.#scheduler.schedule(this.#lifetime, purge, this);
  }

  get(key: string): T | undefined {
    return this.#entries.get(key)?.value;
  }

  clear(): void {
    this.#entries.clear();
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Forgets those whose time is over, and comes again for the rest, at most a hundred times a lifetime. */
  purge(): void {
    const now = this.#scheduler.now();
    this.#timer = undefined;
    for (const [key, { endsAt }] of this.#entries) {
      if (endsAt > now) {
        const delay = Math.max(endsAt - now, this.#lifetime / 100);
        this.#timer = this.#scheduler.schedule(delay, purge, this);
        return;
      }
      this.#entries.delete(key);
    }
  }
}

function purge(transactions: CompletedTransactions<unknown>): void {
  transactions.purge();
}
