import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What every metric has. Names begin with osgate_ and end in their unit, or in _total for counters. */
export interface MetricOptions<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly Label[];
}

/** The metrics of one process, in a registry of their own: two gateways in one process do not meet. */
export class Metrics {
  readonly #registry = new Registry();

  /** The content type of {@link render}. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  counter<Label extends string = never>({ name, help, labels = [] }: MetricOptions<Label>): Counter<Label> {
    return new Counter({ name, help, labelNames: labels, registers: [this.#registry] });
  }

  /** @param read gives the value when metrics are asked for; without it the gauge is set by its owner */
  gauge<Label extends string = never>(options: MetricOptions<Label>, read?: () => number): Gauge<Label> {
    return new Gauge({
      name: options.name,
      help: options.help,
      labelNames: options.labels ?? [],
      registers: [this.#registry],
      ...(read !== undefined && {
        collect() {
          this.set(read());
        },
      }),
    });
  }

  /** @param buckets upper bounds, in the unit of the name */
  histogram<Label extends string = never>(
    { name, help, labels = [] }: MetricOptions<Label>,
    buckets: readonly number[],
  ): Histogram<Label> {
    return new Histogram({ name, help, labelNames: labels, buckets: [...buckets], registers: [this.#registry] });
  }

  /**
   * Publishes counters that a part keeps as a plain object of numbers, one label value a key; they are read only when
   * metrics are asked for, so that counting costs the part nothing more than an addition.
   */
  countersOf({ name, help, label }: { name: string; help: string; label: string }, read: () => object): void {
    new Counter({
      name,
      help,
      labelNames: [label],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [key, value] of Object.entries(read())) {
          if (typeof value === 'number') this.inc({ [label]: key }, value);
        }
      },
    });
  }

  /** Publishes numbers that a part keeps by several labels; they are read only when metrics are asked for. */
  series(
    kind: 'counter' | 'gauge',
    { name, help, labels = [] }: MetricOptions<string>,
    read: () => Iterable<{ readonly labels: Readonly<Record<string, string>>; readonly value: number }>,
  ): void {
    const Kind = kind === 'counter' ? Counter : Gauge;
    new Kind({
      name,
      help,
      labelNames: labels,
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const entry of read()) this.inc(entry.labels, entry.value);
      },
    });
  }

  /** Adds what Node knows of the process: memory, event loop, garbage collection. */
  addProcessMetrics(): void {
    collectDefaultMetrics({ register: this.#registry });
  }

  /** Every metric in the text format of Prometheus. */
  async render(): Promise<string> {
    return this.#registry.metrics();
  }
}
