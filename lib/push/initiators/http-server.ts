import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';

export interface HttpServerOptions {
  readonly tls?: { readonly certificate: Buffer; readonly privateKey: Buffer; readonly clientAuthorities?: Buffer };
  readonly maximumConnections: number;
  readonly requestTimeoutMilliseconds: number;
  readonly idleTimeoutMilliseconds: number;
  /** A connection was closed because there were too many. */
  readonly onConnectionRefused: () => void;
}

/** How often connections are looked at whose request takes too long. */
const CHECK_MILLISECONDS = 1000;

/** HTTP/1.1, over TLS where there is a certificate. */
export function createHttpServer(options: HttpServerOptions, handler: RequestListener): Server {
  const { tls, requestTimeoutMilliseconds, idleTimeoutMilliseconds } = options;
  const timeouts = {
    requestTimeout: requestTimeoutMilliseconds,
    headersTimeout: requestTimeoutMilliseconds,
    keepAliveTimeout: idleTimeoutMilliseconds,
    connectionsCheckingInterval: Math.min(CHECK_MILLISECONDS, requestTimeoutMilliseconds),
  };
  const server: Server =
    tls === undefined
      ? createServer(timeouts, handler)
      : createSecureServer(
          {
            ...timeouts,
            cert: tls.certificate,
            key: tls.privateKey,
            minVersion: 'TLSv1.2',
            handshakeTimeout: requestTimeoutMilliseconds,
            // Initiators with a token or a password need no certificate; whose is not trusted is told so in the answer.
            ...(tls.clientAuthorities === undefined
              ? {}
              : { ca: tls.clientAuthorities, requestCert: true, rejectUnauthorized: false }),
          },
          handler,
        );
  server.maxConnections = options.maximumConnections;
  server.on('drop', options.onConnectionRefused);
  return server;
}
