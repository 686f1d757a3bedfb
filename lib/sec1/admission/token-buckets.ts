import type { KeyedHash } from './keyed-hash.ts';
import { powerOfTwo } from './source-table.ts';

export interface Rate {
  /** Tokens that come back a second. */
  readonly perSecond: number;
  /** Tokens in a full bucket. */
  readonly burst: number;
}

/**
 * A token bucket for every source in the world in a table of fixed size, without keys: each source has a bucket in each of
 * two rows, shares both with others, and is over its rate only when both are empty (a count-min sketch of token buckets).
 * So there is nothing to push out, a flood from made-up sources spreads thin over all buckets, and an honest source
 * suffers only if it shares one bucket with one heavy source and the other with another.
 *
 * A bucket is one number, the time at which it will be full again (GCRA, ITU-T I.371).
 */
export class TokenBuckets {
  readonly #interval: number;
  readonly #tolerance: number;
  readonly #fullAt: Float64Array;
  readonly #mask: number;

  /** @param sources buckets in each row, rounded up to a power of two */
  constructor({ perSecond, burst }: Rate, sources: number) {
    const row = powerOfTwo(sources);
    this.#interval = 1000 / perSecond;
    this.#tolerance = burst * this.#interval;
    this.#mask = row - 1;
    this.#fullAt = new Float64Array(row * 2);
  }

  /** Takes a token; false when there is none. `now` in milliseconds. */
  take(hash: KeyedHash, now: number): boolean {
    const fullAt = this.#fullAt;
    const one = hash.first & this.#mask;
    const two = (hash.second & this.#mask) + this.#mask + 1;
    const first = Math.max(fullAt[one] ?? 0, now);
    const second = Math.max(fullAt[two] ?? 0, now);
    // Each source is charged in the emptier of its buckets only as far as its own use can have gone.
    const next = Math.min(first, second) + this.#interval;
    if (next > now + this.#tolerance) return false;
    if (first < next) fullAt[one] = next;
    if (second < next) fullAt[two] = next;
    return true;
  }
}
