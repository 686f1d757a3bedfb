import type { Clock } from '../../dispatch/clock.ts';
import { TokenBucket } from '../../token-bucket.ts';

export interface SubmitWindowOptions {
  /** Submits without a response at once. */
  readonly maximumOutstanding: number;
  /** Submits that wait for their turn; further ones are refused. */
  readonly maximumWaiting: number;
  readonly perSecond: number;
  readonly clock: Clock;
}

type Work = (finished: () => void) => void;

/** Lets so many submits go at once, and so many in a second; the others wait in their order. */
export class SubmitWindow {
  readonly #options: SubmitWindowOptions;
  readonly #bucket: TokenBucket;
  readonly #waiting: Work[] = [];
  #outstanding = 0;
  #released = false;
  #timer: (() => void) | undefined;

  constructor(options: SubmitWindowOptions) {
    this.#options = options;
    this.#bucket = new TokenBucket(options.maximumOutstanding, options.perSecond, () => performance.now());
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** False when too many wait; `work` is then never begun. It calls `finished` once. */
  run(work: Work): boolean {
    if (this.#released) {
      work(() => undefined);
      return true;
    }
    if (this.#waiting.length >= this.#options.maximumWaiting) return false;
    this.#waiting.push(work);
    this.#pump();
    return true;
  }

  /** Nothing waits any longer: all is begun at once, to find that the link is closed. */
  release(): void {
    this.#released = true;
    this.#timer?.();
    for (const work of this.#waiting.splice(0)) work(() => undefined);
  }

  #pump(): void {
    while (this.#waiting.length > 0 && this.#outstanding < this.#options.maximumOutstanding && !this.#timer) {
      const delay = this.#bucket.take();
      if (delay > 0) {
        this.#timer = this.#options.clock.after(delay, () => {
          this.#timer = undefined;
          this.#pump();
        });
        return;
      }
      const work = this.#waiting.shift();
      this.#outstanding++;
      work?.(() => {
        this.#outstanding--;
        this.#pump();
      });
    }
  }
}
