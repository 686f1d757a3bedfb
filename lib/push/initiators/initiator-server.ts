import { readFile } from 'node:fs/promises';

import { fastify, type FastifyInstance, type FastifyRequest } from 'fastify';

import { PAP_CODES, PushError, type Initiator, type PushDesk, type PushQueue } from '../../../push/index.ts';
import type { PushInitiatorsConfig } from '../../config/push-initiators.ts';
import { PlainCounter, type Logger, type Service } from '../../ops/index.ts';
import { programVersion } from '../../version.ts';
import { AUTHENTICATION_REFUSALS, statusOfRefusal, type AuthenticationRefusal } from './authentication-refusals.ts';
import { createHttpServer, type HttpServerOptions } from './http-server.ts';
import { InitiatorAuthenticator } from './initiator-authenticator.ts';
import { addJsonApi, sendProblem } from './json-api.ts';
import { openApiDocument } from './openapi.ts';
import { addPap, PAP_PATH, sendPapProblem } from './pap-route.ts';
import { problem, type Problem } from './problem.ts';
import { ResultNotifier, type NotifierCounters } from './result-notifier.ts';

export interface InitiatorServerParts {
  readonly desk: PushDesk;
  readonly queue: PushQueue;
  readonly logger: Logger;
}

export interface InitiatorServer extends Service {
  /** The port that is bound. */
  readonly port: number;
  readonly counters: InitiatorServerCounters;
}

export interface InitiatorServerCounters {
  readonly authenticationRefusals: Readonly<Record<AuthenticationRefusal, number>>;
  /** Authenticated requests; labels `protocol` (json, pap) and `outcome` (a code of a problem, or a PAP code). */
  readonly requests: PlainCounter;
  readonly connections: Readonly<Record<'refused', number>>;
  readonly notifications: NotifierCounters;
}

const OPENAPI_PATH = '/openapi.json';

/** Three times what a push's id may have: every octet of it may stand escaped in a URL. */
const MAXIMUM_PARAMETER_CHARACTERS = 3 * 255;

const INITIATOR = Symbol('initiator');

/**
 * Serves push initiators: PAP at /pap, the JSON API at /pushes, its description at /openapi.json; and tells them what became
 * of their pushes. docs/push-initiators.md.
 *
 * @throws OsgateError OSGATE_CONFIG_INVALID for a bad token, password or certificate file; the system's error when the
 *   address cannot be bound
 */
export async function openInitiatorServer(
  config: PushInitiatorsConfig,
  { desk, queue, logger }: InitiatorServerParts,
): Promise<InitiatorServer> {
  const authenticator = await InitiatorAuthenticator.open(config);
  const requests = new PlainCounter('protocol', 'outcome');
  const connections = { refused: 0 };
  const notifier = await ResultNotifier.open(config, { queue, logger });
  const options = await httpOptions(config, () => connections.refused++);
  const server = fastify({
    serverFactory: (handler) => createHttpServer(options, handler),
    bodyLimit: config.maximumRequestOctets,
    forceCloseConnections: 'idle',
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: MAXIMUM_PARAMETER_CHARACTERS },
    // What the schema does not know is refused and never corrected in silence.
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false, useDefaults: false } },
  });
  // What is left is application/json.
  server.removeContentTypeParser('text/plain');
  addAuthentication(server, authenticator, logger);
  addErrors(server, requests, logger);
  addJsonApi(server, { desk, requests, initiatorOf });
  addPap(server, { desk, requests, initiatorOf, host: config.fqdn });
  const description = openApiDocument(programVersion());
  server.get(OPENAPI_PATH, async () => description);
  await server.listen({ host: config.host, port: config.port });
  notifier.start();
  const address = server.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : config.port;
  logger.info({ event: 'listening', interface: 'initiators', address: config.host, port }, 'listening for initiators');
  if (config.tls === undefined) {
    logger.warn({ event: 'initiators-without-tls' }, 'tokens and contents of initiators come without TLS');
  }
  const { refusals: authenticationRefusals } = authenticator;
  return {
    port,
    counters: {
      authenticationRefusals,
      requests,
      connections,
      get notifications() {
        return notifier.counters;
      },
    },
    async close() {
      await Promise.all([server.close(), notifier.close()]);
    },
  };
}

function addAuthentication(server: FastifyInstance, authenticator: InitiatorAuthenticator, logger: Logger): void {
  server.decorateRequest(INITIATOR, null);
  server.addHook('onRequest', async (request, reply) => {
    const path = pathOf(request);
    if (path === OPENAPI_PATH && request.method === 'GET') return;
    const outcome = authenticator.authenticate(request.raw);
    if (outcome.ok) {
      (request as RequestOfInitiator)[INITIATOR] = outcome.initiator;
      if (outcome.info !== undefined) reply.header('authentication-info', outcome.info);
      return;
    }
    const { reason } = outcome;
    const status = statusOfRefusal(reason);
    logger.debug({ event: 'initiator-refused', peer: request.ip, reason }, 'an initiator was not authenticated');
    const challenges = status === 401 ? authenticator.challenges(reason) : [];
    if (challenges.length > 0) reply.header('www-authenticate', challenges);
    const detail = AUTHENTICATION_REFUSALS[reason];
    if (path === PAP_PATH) await sendPapProblem(reply, status, PAP_CODES.forbidden, `${reason}, ${detail}`);
    else await sendProblem(reply, problem(status, reason, detail));
  });
}

function addErrors(server: FastifyInstance, requests: PlainCounter, logger: Logger): void {
  server.setNotFoundHandler(async (_request, reply) => {
    requests.count('json', 'not-found');
    await sendProblem(reply, problem(404, 'not-found', 'there is nothing at this path for this method'));
  });
  server.setErrorHandler(async (error, request, reply) => {
    const found = problemOf(error);
    if (found.status >= 500) logger.error({ err: error, path: request.url }, 'a request of an initiator failed');
    requests.count(pathOf(request) === PAP_PATH ? 'pap' : 'json', found.code);
    if (pathOf(request) !== PAP_PATH) return sendProblem(reply, found);
    const result = found.status >= 500 ? PAP_CODES.serviceFailure : PAP_CODES.badRequest;
    return sendPapProblem(reply, found.status, result, found.detail);
  });
}

type RequestOfInitiator = FastifyRequest & { [INITIATOR]: Initiator | null };

/** @throws PushError OSGATE_PUSH_INVALID_ARGUMENT for a request that no hook has looked at */
function initiatorOf(request: FastifyRequest): Initiator {
  const initiator = (request as RequestOfInitiator)[INITIATOR];
  if (initiator === null) throw new PushError('OSGATE_PUSH_INVALID_ARGUMENT', 'a request of nobody');
  return initiator;
}

function pathOf({ url }: FastifyRequest): string {
  return url.split('?', 1)[0] ?? '';
}

function problemOf(error: unknown): Problem {
  if (error instanceof PushError && error.code === 'OSGATE_PUSH_QUEUE') {
    return problem(503, 'queue-unavailable', 'the queue of pushes cannot be used');
  }
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  const detail = error instanceof Error ? error.message : String(error);
  switch (status) {
    case 413:
      return problem(413, 'request-too-large', 'the request is longer than it may be');
    case 415:
      return problem(415, 'media-type-unsupported', detail);
    default:
      return status >= 400 && status < 500
        ? problem(400, 'request-invalid', detail)
        : problem(500, 'failed', 'the request failed');
  }
}

async function httpOptions(config: PushInitiatorsConfig, onConnectionRefused: () => void): Promise<HttpServerOptions> {
  const { tls, maximumConnections, requestTimeoutMilliseconds, idleTimeoutMilliseconds } = config;
  const bounds = { maximumConnections, requestTimeoutMilliseconds, idleTimeoutMilliseconds, onConnectionRefused };
  if (tls === undefined) return bounds;
  const [certificate, privateKey] = await Promise.all([readFile(tls.certificate), readFile(tls.privateKey)]);
  const authorities =
    tls.clientAuthorities === undefined ? {} : { clientAuthorities: await readFile(tls.clientAuthorities) };
  return { ...bounds, tls: { certificate, privateKey, ...authorities } };
}
