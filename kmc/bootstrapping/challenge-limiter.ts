import { LRUCache } from 'lru-cache';

import { KmcError } from '../errors.ts';

export interface ChallengeLimiterOptions {
  /** Challenges that one IMPI may draw at once. */
  readonly burst: number;
  /** Challenges that come back to it a second. */
  readonly perSecond: number;
  /** IMPIs remembered; the least recently seen one is forgotten first. */
  readonly maximumIdentities?: number;
  /** Milliseconds on a clock that never goes back. */
  readonly now?: () => number;
}

interface Bucket {
  tokens: number;
  filledAt: number;
}

/**
 * A token bucket an IMPI. Whoever knows an IMPI can draw challenges for it, and each uses an SQN up; without a bound a
 * stranger could run the card's SQN window dry.
 */
export class ChallengeLimiter {
  /** Challenges refused so far. */
  refused = 0;
  readonly #burst: number;
  readonly #perSecond: number;
  readonly #now: () => number;
  readonly #buckets: LRUCache<string, Bucket>;

  constructor(options: ChallengeLimiterOptions) {
    this.#burst = options.burst;
    this.#perSecond = options.perSecond;
    this.#now = options.now ?? (() => performance.now());
    this.#buckets = new LRUCache({ max: options.maximumIdentities ?? 100_000 });
  }

  /** @throws KmcError OSGATE_KMC_OVERLOADED when the IMPI has drawn too many */
  admit(impi: string): void {
    const now = this.#now();
    const bucket = this.#buckets.get(impi) ?? { tokens: this.#burst, filledAt: now };
    bucket.tokens = Math.min(this.#burst, bucket.tokens + ((now - bucket.filledAt) / 1000) * this.#perSecond);
    bucket.filledAt = now;
    this.#buckets.set(impi, bucket);
    if (bucket.tokens < 1) {
      this.refused++;
      throw new KmcError('OSGATE_KMC_OVERLOADED', 'too many challenges for one private identity');
    }
    bucket.tokens--;
  }
}
