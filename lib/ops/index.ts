export type {
  AdminSources,
  FlowList,
  FlowsProvider,
  FlowStatus,
  Readiness,
  ReloadOutcome,
  ReloadReport,
  Status,
  TargetStatus,
} from './admin/admin-sources.ts';
export { loadAdminToken, loadTokenText, type AdminTokenLocation } from './admin/admin-token.ts';
export { HepExporter, type HepExporterOptions } from './hep/hep-exporter.ts';
export { encodeHep, type HepRecord } from './hep/hep-packet.ts';
export { createLogger, type Logger, type LoggerOptions } from './logger.ts';
export { type MetricOptions, Metrics } from './metrics.ts';
export {
  type MetricsServer,
  type MetricsServerOptions,
  type RenderedMetrics,
  startMetricsServer,
} from './metrics-server.ts';
export { countsOnly, mergeMetrics, renderMerged, sumOf, type MetricsData } from './merge-metrics.ts';
export { PlainCounter, type Sample } from './plain-counter.ts';
export { RequestMeter } from './request-meter.ts';
export { type RunOptions, runUntilSignal, type Service } from './shutdown.ts';
