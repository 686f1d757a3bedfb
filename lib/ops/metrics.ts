import {
  collectDefaultMetrics,
  Counter,
  Gauge,
  Histogram,
  Registry,
  type MetricObjectWithValues,
  type MetricValue,
} from 'prom-client';

import type { Sample } from './plain-counter.ts';
import type { HistogramSample } from './request-meter.ts';

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

  /** Publishes counters that a part keeps for itself, with any labels; they are read when metrics are asked for. */
  samplesOf({ name, help, labels = [] }: MetricOptions<string>, read: () => readonly Sample[]): void {
    new Counter({
      name,
      help,
      labelNames: labels,
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const sample of read()) this.inc({ ...sample.labels }, sample.value);
      },
    });
  }

  /** The same for gauges. */
  gaugesOf({ name, help, labels = [] }: MetricOptions<string>, read: () => readonly Sample[]): void {
    new Gauge({
      name,
      help,
      labelNames: labels,
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const sample of read()) this.set({ ...sample.labels }, sample.value);
      },
    });
  }

  /** Publishes histograms that a part keeps for itself. */
  histogramsOf({ name, help, labels = [] }: MetricOptions<string>, read: () => readonly HistogramSample[]): void {
    const metric = new Histogram({ name, help, labelNames: labels, registers: [] });
    // prom-client can only observe one value at a time, and asks a metric for its values by this method.
    const get = async () => ({
      name,
      help,
      type: 'histogram',
      aggregator: 'sum',
      values: read().flatMap((sample) => histogramValues(name, sample)),
    });
    this.#registry.registerMetric(Object.assign(metric, { get, getForPromString: get }));
  }

  /** Every metric as data, to be merged with those of other processes (merge-metrics.ts). */
  async toJson(): Promise<MetricObjectWithValues<MetricValue<string>>[]> {
    return await this.#registry.getMetricsAsJSON();
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

/** As the text format wants it: each bucket counts what the smaller ones count too. */
function histogramValues(name: string, { labels, bounds, counts, count, sum }: HistogramSample): object[] {
  let below = 0;
  const buckets = bounds.map((bound, index) => {
    below += counts[index] ?? 0;
    return { metricName: `${name}_bucket`, labels: { ...labels, le: bound }, value: below };
  });
  return [
    ...buckets,
    { metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: count },
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  ];
}
