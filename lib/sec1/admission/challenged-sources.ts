import type { KeyedHash } from './keyed-hash.ts';
import { powerOfTwo } from './source-table.ts';

/**
 * Who was challenged a moment ago. Two rows of times without keys: a source counts as challenged when both of its places
 * are recent. Nothing is pushed out; a flood of first requests from made-up sources only makes more strangers look
 * challenged, who then wait in the front lane among strangers, and never before those who are known.
 */
export class ChallengedSources {
  readonly #lifetime: number;
  readonly #times: Float64Array;
  readonly #mask: number;

  /**
   * @param lifetime milliseconds
   * @param sources places in each row, rounded up to a power of two
   */
  constructor(lifetime: number, sources: number) {
    const row = powerOfTwo(sources);
    this.#lifetime = lifetime;
    this.#mask = row - 1;
    this.#times = new Float64Array(row * 2).fill(Number.NEGATIVE_INFINITY);
  }

  add(hash: KeyedHash, now: number): void {
    this.#times[hash.first & this.#mask] = now;
    this.#times[(hash.second & this.#mask) + this.#mask + 1] = now;
  }

  has(hash: KeyedHash, now: number): boolean {
    const since = now - this.#lifetime;
    const first = this.#times[hash.first & this.#mask] ?? 0;
    const second = this.#times[(hash.second & this.#mask) + this.#mask + 1] ?? 0;
    return first >= since && second >= since;
  }
}
