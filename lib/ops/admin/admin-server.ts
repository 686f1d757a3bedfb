import { fastify, type FastifyInstance } from 'fastify';

import type { Logger } from '../logger.ts';
import type { Service } from '../shutdown.ts';
import type { AdminSources } from './admin-sources.ts';
import { loadAdminToken, type AdminTokenLocation } from './admin-token.ts';

export interface AdminServerOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly token: AdminTokenLocation;
  readonly maximumFlows: number;
}

export interface AdminServer extends Service {
  /** The port that is bound. */
  readonly port: number;
}

/** A body is one URI. */
const MAXIMUM_BODY_BYTES = 4096;

/** Open to everybody who reaches the address: what a load balancer asks. */
const WITHOUT_TOKEN = new Set(['/health', '/ready']);

/**
 * Serves the admin API (docs/operations.md).
 *
 * @throws OsgateError OSGATE_CONFIG_INVALID for a bad token; the system's error when the address cannot be bound
 */
export async function startAdminServer(
  options: AdminServerOptions,
  sources: AdminSources,
  logger: Logger,
): Promise<AdminServer> {
  const token = await loadAdminToken(options.token);
  const server = fastify({ bodyLimit: MAXIMUM_BODY_BYTES, requestTimeout: 10_000, forceCloseConnections: true });
  server.addHook('onRequest', async (request, reply) => {
    if (WITHOUT_TOKEN.has(request.url.split('?', 1)[0] ?? '') || token.admits(request.headers.authorization)) return;
    logger.warn({ event: 'admin-refused', peer: request.ip, method: request.method }, 'admin API: wrong token');
    await reply.code(401).header('www-authenticate', 'Bearer').send({ error: 'a bearer token is needed' });
  });
  server.setErrorHandler(async (error, request, reply) => {
    const status = statusOf(error);
    if (status >= 500) logger.error({ err: error, path: request.url }, 'admin API failed');
    await reply.code(status).send({ error: status >= 500 ? 'failed' : messageOf(error) });
  });
  addQuestions(server, sources, options.maximumFlows);
  addOrders(server, sources, logger);
  await server.listen({ host: options.host, port: options.port });
  const address = server.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  logger.info({ event: 'listening', interface: 'admin', address: options.host, port }, 'listening for the admin API');
  return {
    port,
    async close() {
      await server.close();
    },
  };
}

function addQuestions(server: FastifyInstance, sources: AdminSources, maximumFlows: number): void {
  // Liveness: that it answers is the answer.
  server.get('/health', async () => ({ status: 'alive' }));
  server.get('/ready', async (_request, reply) => {
    const readiness = await sources.readiness();
    await reply.code(readiness.ready ? 200 : 503).send(readiness);
  });
  server.get('/status', async () => sources.status());
  server.get('/targets', async () => sources.targets());
  server.get<{ Querystring: { limit?: string } }>('/flows', async ({ query }) => {
    const asked = Number(query.limit ?? maximumFlows);
    return sources.flows(Number.isInteger(asked) && asked >= 0 ? Math.min(asked, maximumFlows) : maximumFlows);
  });
}

function addOrders(server: FastifyInstance, sources: AdminSources, logger: Logger): void {
  for (const [path, draining] of [
    ['/targets/drain', true],
    ['/targets/undrain', false],
  ] as const) {
    server.post<{ Body: unknown }>(path, async ({ body }, reply) => {
      const uri = uriIn(body);
      if (uri === undefined) return reply.code(400).send({ error: 'expected {"uri": "sip:..."}' });
      if (!(await sources.drainTarget(uri, draining))) return reply.code(404).send({ error: `no target ${uri}` });
      logger.warn({ event: draining ? 'target-draining' : 'target-undrained', uri }, 'an operator drains a target');
      return { uri, draining };
    });
  }
  for (const [path, draining] of [
    ['/drain', true],
    ['/undrain', false],
  ] as const) {
    server.post(path, async () => {
      await sources.drain(draining);
      logger.warn({ event: draining ? 'draining' : 'undrained' }, 'an operator drains the gateway');
      return { draining };
    });
  }
  server.post('/reload', async (_request, reply) => {
    const outcome = await sources.reload();
    await reply.code(outcome.outcome === 'applied' ? 200 : 422).send(outcome);
  });
}

function uriIn(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !('uri' in body)) return undefined;
  return typeof body.uri === 'string' ? body.uri : undefined;
}

function statusOf(error: unknown): number {
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  return status >= 400 && status < 600 ? status : 500;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
