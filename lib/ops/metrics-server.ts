import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Logger } from './logger.ts';

export interface MetricsServerOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly metrics: RenderedMetrics;
  readonly logger: Logger;
}

/** Metrics in the text format of Prometheus: those of this process (`Metrics`), or of several. */
export interface RenderedMetrics {
  readonly contentType: string;
  render(): Promise<string>;
}

export interface MetricsServer {
  readonly host: string;
  /** The port that is bound. */
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Serves metrics at GET /metrics. It shows nothing secret and asks for no password, so its address should be one that
 * only the operator reaches.
 *
 * @throws the system's error when the address cannot be bound
 */
export async function startMetricsServer({
  host,
  port,
  metrics,
  logger,
}: MetricsServerOptions): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    answer(request, response, metrics).catch((error: unknown) => {
      logger.error({ err: error }, 'metrics failed');
      response.writeHead(500).end();
    });
  });
  server.requestTimeout = 10_000;
  server.listen({ host, port });
  await once(server, 'listening');
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  logger.info({ event: 'listening', interface: 'metrics', address: host, port: bound }, 'listening for metrics');
  return {
    host,
    port: bound,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, metrics: RenderedMetrics): Promise<void> {
  const path = request.url?.split('?', 1)[0];
  if (path !== '/metrics') {
    response.writeHead(404).end();
  } else if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD' }).end();
  } else {
    const text = await metrics.render();
    response.writeHead(200, { 'content-type': metrics.contentType });
    response.end(request.method === 'HEAD' ? undefined : text);
  }
}
