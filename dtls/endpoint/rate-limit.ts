/** At most so many events a second, evened out: what was not used in one second is gone in the next. */
export class RateLimit {
  readonly #perSecond: number;
  readonly #now: () => number;
  #tokens: number;
  #filledAt: number;

  /** @param now milliseconds on a clock that never goes back */
  constructor(perSecond: number, now: () => number) {
    this.#perSecond = perSecond;
    this.#now = now;
    this.#tokens = perSecond;
    this.#filledAt = now();
  }

  /** False when the event is one too many. */
  take(): boolean {
    if (this.#tokens < 1) {
      const now = this.#now();
      this.#tokens = Math.min(this.#perSecond, this.#tokens + ((now - this.#filledAt) / 1000) * this.#perSecond);
      this.#filledAt = now;
      if (this.#tokens < 1) return false;
    }
    this.#tokens--;
    return true;
  }
}
