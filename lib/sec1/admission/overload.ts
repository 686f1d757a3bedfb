export interface OverloadOptions {
  /** Lateness of the event loop, smoothed, from which on requests are refused. */
  readonly delayMilliseconds: number;
  /** Lateness at which the level is 1. */
  readonly maximumDelayMilliseconds: number;
  /** Fill of the fullest table from which on requests are refused, 0 to 1; the level is 1 when it is full. */
  readonly tableFill: number;
  readonly retryAfterMinimumSeconds: number;
  readonly retryAfterMaximumSeconds: number;
}

/** How much the newest sample counts in the smoothed lateness. */
const SMOOTHING = 0.3;

/** How far the level falls with each sample at most: it rises at once, and falls in some seconds. */
const FALL = 0.02;

/** Below this part of its threshold a measure no longer holds the level up. */
const RELEASE = 0.7;

/**
 * How overloaded the gateway is, from 0 to 1, in the spirit of RFC 7339: the share of new requests that are refused with 503.
 * Rises as soon as the event loop is late or a table fills, and falls slowly, so that it does not swing.
 */
export class Overload {
  readonly counters = { 'overloaded-strangers': 0, 'overloaded-known': 0 };
  readonly #options: OverloadOptions;
  readonly #random: () => number;
  #level = 0;
  #delay = 0;

  /** @param random gives a number from 0 to 1, 1 excluded; it need not be unpredictable */
  constructor(options: OverloadOptions, random: () => number) {
    this.#options = options;
    this.#random = random;
  }

  get level(): number {
    return this.#level;
  }

  /** The smoothed lateness in milliseconds. */
  get delayMilliseconds(): number {
    return this.#delay;
  }

  /**
   * Takes a measurement; ten a second are right.
   *
   * @param delay by how many milliseconds a timer was late
   * @param fill of the fullest table, 0 to 1
   */
  sample(delay: number, fill: number): void {
    const { delayMilliseconds, maximumDelayMilliseconds, tableFill } = this.#options;
    this.#delay += (Math.max(delay, 0) - this.#delay) * SMOOTHING;
    const wanted = Math.max(ramp(this.#delay, delayMilliseconds, maximumDelayMilliseconds), ramp(fill, tableFill, 1));
    if (wanted >= this.#level) {
      this.#level = wanted;
      return;
    }
    const holds = this.#delay > delayMilliseconds * RELEASE || fill > tableFill * RELEASE;
    // While a measure is between release and threshold, some of the refusals stay.
    this.#level = Math.max(this.#level - FALL, wanted, holds ? Math.min(this.#level, FALL) : 0);
  }

  /**
   * Whether to refuse a new request: seconds for Retry-After, spread so that not all come back at once; 0 lets it go on.
   * Those who are known are refused only when the level is above a half, so that strangers make room first.
   */
  refuses(isKnown: boolean): number {
    if (this.#level === 0) return 0;
    const share = isKnown ? this.#level * 2 - 1 : this.#level;
    if (this.#random() >= share) return 0;
    this.counters[isKnown ? 'overloaded-known' : 'overloaded-strangers']++;
    const { retryAfterMinimumSeconds: minimum, retryAfterMaximumSeconds: maximum } = this.#options;
    return minimum + Math.floor(this.#random() * (maximum - minimum + 1));
  }
}

/** 0 up to `low`, 1 from `high` on, and a straight line between. */
function ramp(value: number, low: number, high: number): number {
  if (value <= low) return 0;
  return value >= high ? 1 : (value - low) / (high - low);
}
