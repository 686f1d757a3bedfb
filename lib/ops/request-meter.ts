import { SIP_METHODS } from '../../sip/message/index.ts';
import type { Sample } from './plain-counter.ts';

/** Methods with a row of their own; a peer may make up any other, and they share one. */
const METHODS = [...SIP_METHODS, 'other'] as const;

const OTHER = METHODS.length - 1;
const ROWS: ReadonlyMap<string, number> = new Map(METHODS.map((method, row) => [method, row]));

/** 2xx to 6xx. */
const CLASSES = 5;

/** Upper bounds in milliseconds: from an answer of our own to timer F. */
const BUCKETS = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 32_000] as const;

/**
 * What RED asks of a listener: requests, those that failed, and how long the final answer took. Plain numbers in arrays,
 * since this is counted for every request; metrics read them when they are asked for.
 */
export class RequestMeter {
  readonly #answers = new Float64Array(METHODS.length * CLASSES);
  /** One more than there are bounds, for what took longer. */
  readonly #buckets = new Float64Array(METHODS.length * (BUCKETS.length + 1));
  readonly #sums = new Float64Array(METHODS.length);

  /** Counts the first final response to a request: `status` is 200 to 699. */
  answered(method: string, status: number, milliseconds: number): void {
    const row = ROWS.get(method) ?? OTHER;
    const kind = Math.floor(status / 100) - 2;
    if (kind >= 0 && kind < CLASSES) add(this.#answers, row * CLASSES + kind, 1);
    let bucket = 0;
    while (bucket < BUCKETS.length && milliseconds > (BUCKETS[bucket] ?? 0)) bucket++;
    add(this.#buckets, row * (BUCKETS.length + 1) + bucket, 1);
    add(this.#sums, row, milliseconds);
  }

  /** Answers by `method` and `class`. */
  answers(labels: Readonly<Record<string, string>>): Sample[] {
    const found: Sample[] = [];
    for (const [row, method] of METHODS.entries()) {
      for (let kind = 0; kind < CLASSES; kind++) {
        const value = this.#answers[row * CLASSES + kind] ?? 0;
        if (value > 0) found.push({ labels: { ...labels, method, class: `${kind + 2}xx` }, value });
      }
    }
    return found;
  }

  /** Duration by `method`, in seconds, as a histogram. */
  durations(labels: Readonly<Record<string, string>>): HistogramSample[] {
    const found: HistogramSample[] = [];
    for (const [row, method] of METHODS.entries()) {
      const start = row * (BUCKETS.length + 1);
      const counts = this.#buckets.subarray(start, start + BUCKETS.length + 1);
      const count = counts.reduce((sum, one) => sum + one, 0);
      if (count === 0) continue;
      const bounds = BUCKETS.map((bound) => bound / 1000);
      found.push({ labels: { ...labels, method }, bounds, counts, count, sum: (this.#sums[row] ?? 0) / 1000 });
    }
    return found;
  }
}

/** One histogram: `counts` are of each bucket alone, with one more for what is beyond the last bound. */
export interface HistogramSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly bounds: readonly number[];
  readonly counts: Float64Array;
  readonly count: number;
  readonly sum: number;
}

function add(array: Float64Array, index: number, amount: number): void {
  array[index] = (array[index] ?? 0) + amount;
}
