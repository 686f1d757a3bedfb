import type { Config } from '../config/index.ts';
import {
  startMetricsServer,
  type AdminSources,
  type Logger,
  type RenderedMetrics,
  type Service,
} from '../ops/index.ts';

/** Opens what serves the operator, as the `ops` section wants it: metrics, and the admin API. */
export async function openOperatorServers(
  { ops }: Config,
  logger: Logger,
  metrics: RenderedMetrics,
  sources: AdminSources,
): Promise<Service> {
  const servers: Service[] = [];
  try {
    if (ops?.metrics !== undefined) servers.push(await startMetricsServer({ ...ops.metrics, metrics, logger }));
    if (ops?.admin !== undefined) {
      // Its HTTP server takes a while to load; a worker, and who wants no admin API, should not wait for it.
      const { startAdminServer } = await import('../ops/admin/admin-server.ts');
      servers.push(await startAdminServer(ops.admin, sources, logger));
    }
  } catch (error) {
    await closeAll(servers);
    throw error;
  }
  return {
    close: () => closeAll(servers),
  };
}

async function closeAll(servers: readonly Service[]): Promise<void> {
  await Promise.all(servers.map((server) => server.close()));
}
