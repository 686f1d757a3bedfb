export interface BackOffOptions {
  readonly initialMilliseconds: number;
  readonly maximumMilliseconds: number;
  /** From 0 up to 1. */
  readonly random?: () => number;
}

/** How long to wait after each failure: twice as long as before, up to a bound, and 50 to 100 % of that (RFC 5626 4.5). */
export class BackOff {
  readonly #options: BackOffOptions;
  #failures = 0;

  constructor(options: BackOffOptions) {
    this.#options = options;
  }

  /** Milliseconds to wait after one more failure. */
  next(): number {
    const { initialMilliseconds, maximumMilliseconds, random = Math.random } = this.#options;
    const full = Math.min(initialMilliseconds * 2 ** this.#failures, maximumMilliseconds);
    // Beyond the bound nothing changes, and the power must not become infinite.
    if (full < maximumMilliseconds) this.#failures++;
    return Math.round(full * (0.5 + 0.5 * random()));
  }

  reset(): void {
    this.#failures = 0;
  }
}
