/** One value of the label or labels of a counter, or a bucket. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/**
 * A counter with one or two labels for hot paths: counting is a look-up and an addition, and nothing is made for it. Metrics
 * read it when they are asked for (`Metrics.samplesOf`). Label values must come from a small set, never from a peer.
 */
export class PlainCounter {
  readonly #names: readonly [string, string?];
  readonly #boxes = new Map<string, Map<string, { value: number }>>();

  constructor(...names: [string, string?]) {
    this.#names = names;
  }

  count(first: string, second = ''): void {
    const known = this.#boxes.get(first)?.get(second);
    if (known === undefined) this.#add(first, second);
    else known.value++;
  }

  samples(): Sample[] {
    const [firstName, secondName] = this.#names;
    const found: Sample[] = [];
    for (const [first, boxes] of this.#boxes) {
      for (const [second, { value }] of boxes) {
        const labels = secondName === undefined ? { [firstName]: first } : { [firstName]: first, [secondName]: second };
        found.push({ labels, value });
      }
    }
    return found;
  }

  #add(first: string, second: string): void {
    const boxes = this.#boxes.get(first) ?? new Map<string, { value: number }>();
    this.#boxes.set(first, boxes);
    boxes.set(second, { value: 1 });
  }
}
