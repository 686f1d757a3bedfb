export { createLogger, type Logger, type LoggerOptions } from './logger.ts';
export { type MetricOptions, Metrics } from './metrics.ts';
export { type MetricsServer, type MetricsServerOptions, startMetricsServer } from './metrics-server.ts';
export { type RunOptions, runUntilSignal, type Service } from './shutdown.ts';
