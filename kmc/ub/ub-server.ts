import Fastify, { type FastifyInstance } from 'fastify';

import type { UbHandler } from './ub-handler.ts';

export interface UbServerOptions {
  readonly handler: UbHandler;
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** HTTPS; PEM. */
  readonly tls?: { readonly certificate: Buffer; readonly privateKey: Buffer };
  /** Octets of all header fields of a request. */
  readonly maximumHeaderBytes?: number;
  /** Milliseconds that a request may take to come in. */
  readonly requestTimeoutMilliseconds?: number;
}

/** Ub over HTTP or HTTPS. */
export class UbServer {
  readonly port: number;
  readonly #fastify: FastifyInstance;

  private constructor(fastify: FastifyInstance, port: number) {
    this.#fastify = fastify;
    this.port = port;
  }

  /** @throws the system's error when the address cannot be bound */
  static async listen(options: UbServerOptions): Promise<UbServer> {
    const { tls, handler, requestTimeoutMilliseconds = 10_000 } = options;
    const http = { maxHeaderSize: options.maximumHeaderBytes ?? 8192 };
    const common = {
      bodyLimit: 1024,
      requestTimeout: requestTimeoutMilliseconds,
      forceCloseConnections: 'idle' as const,
    };
    const fastify =
      tls === undefined
        ? Fastify({ ...common, http })
        : // One type for both: the routes below do not care which server is under them.
          (Fastify({
            ...common,
            https: { ...http, cert: tls.certificate, key: tls.privateKey, minVersion: 'TLSv1.2' },
          }) as unknown as FastifyInstance);
    fastify.removeAllContentTypeParsers();
    fastify.addContentTypeParser('*', { bodyLimit: 1024 }, (_request, payload, done) => {
      // A request of Ub has no body; one that comes is read and left.
      payload.resume();
      done(null, undefined);
    });
    fastify.all('/*', async (request, reply) => {
      const response = await handler.handle({
        method: request.method,
        target: request.raw.url ?? '',
        authorization: request.headers.authorization,
        userAgent: request.headers['user-agent'],
      });
      return reply.code(response.status).headers(response.headers).send(response.body);
    });
    await fastify.listen({ host: options.host, port: options.port });
    const address = fastify.server.address();
    return new UbServer(fastify, typeof address === 'object' && address !== null ? address.port : options.port);
  }

  /** Finishes the requests in progress and closes. */
  async close(): Promise<void> {
    await this.#fastify.close();
  }
}
