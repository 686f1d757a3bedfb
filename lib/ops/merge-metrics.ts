import { AggregatorRegistry, type MetricObjectWithValues, type MetricValue } from 'prom-client';

/** The metrics of one process as data (`Metrics.toJson`). */
export type MetricsData = readonly MetricObjectWithValues<MetricValue<string>>[];

/**
 * Merges the metrics of several processes: counters and histograms are added up, gauges too but for those of Node that say
 * otherwise (an average of delays, the first of versions).
 */
export async function mergeMetrics(parts: readonly MetricsData[]): Promise<MetricsData> {
  return await merged(parts).getMetricsAsJSON();
}

/** The same in the text format of Prometheus. */
export async function renderMerged(parts: readonly MetricsData[]): Promise<string> {
  return merged(parts).metrics();
}

/** What must not go back when a process ends: counters and histograms, no gauges. */
export function countsOnly(data: MetricsData): MetricsData {
  return data.filter(({ type, aggregator }) => aggregator === 'sum' && ['counter', 'histogram'].includes(String(type)));
}

/** The sum over all labels of one metric. */
export function sumOf(data: MetricsData, name: string): number {
  const values = data.find((metric) => metric.name === name)?.values ?? [];
  return values.reduce((sum, { value }) => sum + value, 0);
}

function merged(parts: readonly MetricsData[]) {
  return AggregatorRegistry.aggregate(parts.map((part) => [...part]));
}
