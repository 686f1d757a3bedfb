import { once } from 'node:events';
import {
  createSecureServer,
  type Http2SecureServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { TLSSocket } from 'node:tls';

import type { KeyCentre } from '../key-centre.ts';
import {
  BOOTSTRAPPING_INFO_PATH,
  formatBootstrappingInfo,
  parseBootstrappingInfoRequest,
} from './bootstrapping-info-json.ts';
import { formatProblem, problemOf } from './problem.ts';
import { formatPushInfo, parsePushInfoRequest, PUSH_INFO_PATH } from './push-info-json.ts';

export interface NbspServerOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** PEM; clients must show a certificate of one of the authorities. */
  readonly tls: { readonly certificate: Buffer; readonly privateKey: Buffer; readonly clientAuthorities: Buffer };
  /** What each gateway sees, by the dNSName in its certificate. */
  readonly clients: ReadonlyMap<string, KeyCentre>;
  readonly maximumBodyBytes?: number;
  /** Hears of every request: who asked, where, and the HTTP status. */
  readonly onRequest?: (client: string | undefined, operation: NbspOperation | undefined, status: number) => void;
}

const DEFAULT_MAXIMUM_BODY_BYTES = 16_384;

export type NbspOperation = 'bootstrapping-info' | 'push-info';

interface Operation {
  readonly name: NbspOperation;
  /** Undefined for a request that is none. */
  run(keyCentre: KeyCentre, body: string): Promise<string> | undefined;
}

const OPERATIONS: ReadonlyMap<string | undefined, Operation> = new Map<string, Operation>([
  [
    BOOTSTRAPPING_INFO_PATH,
    {
      name: 'bootstrapping-info',
      run(keyCentre, body) {
        const request = parseBootstrappingInfoRequest(body);
        return request === undefined ? undefined : keyCentre.bootstrappingInfo(request).then(formatBootstrappingInfo);
      },
    },
  ],
  [
    PUSH_INFO_PATH,
    {
      name: 'push-info',
      run(keyCentre, body) {
        const request = parsePushInfoRequest(body);
        return request === undefined ? undefined : keyCentre.pushInfo(request).then(formatPushInfo);
      },
    },
  ],
]);

/** Nbsp_GBA (TS 29.309) for gateways in other processes: HTTP/2 over mutual TLS. */
export class NbspServer {
  readonly port: number;
  readonly #server: Http2SecureServer;
  readonly #options: NbspServerOptions;
  readonly #sessions = new Set<ServerHttp2Session>();

  private constructor(server: Http2SecureServer, options: NbspServerOptions) {
    this.#server = server;
    this.#options = options;
    const address = server.address();
    this.port = typeof address === 'object' && address !== null ? address.port : options.port;
    server.on('session', (session) => {
      this.#sessions.add(session);
      session.once('close', () => this.#sessions.delete(session));
    });
    server.on('stream', (stream, headers) => {
      void this.#serve(stream, headers);
    });
  }

  /** @throws the system's error when the address cannot be bound */
  static async listen(options: NbspServerOptions): Promise<NbspServer> {
    const { certificate, privateKey, clientAuthorities } = options.tls;
    const server = createSecureServer({
      cert: certificate,
      key: privateKey,
      ca: clientAuthorities,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
      allowHTTP1: false,
    });
    // A client that breaks off must not end the server.
    server.on('sessionError', () => undefined);
    server.listen(options.port, options.host);
    await once(server, 'listening');
    return new NbspServer(server, options);
  }

  /** Lets open requests finish and closes. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
    for (const session of this.#sessions) session.close();
    await closed;
  }

  async #serve(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
    stream.on('error', () => undefined);
    const client = this.#clientOf(stream);
    const operation = OPERATIONS.get(headers[':path']);
    const answer = await this.#answer(stream, headers, operation, client);
    this.#options.onRequest?.(client?.name, operation?.name, answer.status);
    if (stream.destroyed || stream.closed) return;
    const problem = answer.status !== 200;
    stream.respond({
      ':status': answer.status,
      'content-type': problem ? 'application/problem+json' : 'application/json',
      'cache-control': 'no-store',
    });
    stream.end(answer.body);
  }

  async #answer(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    operation: Operation | undefined,
    client: { keyCentre: KeyCentre } | undefined,
  ): Promise<{ status: number; body: string }> {
    if (operation === undefined) return formatProblem(404, 'RESOURCE_URI_STRUCTURE_NOT_FOUND');
    if (headers[':method'] !== 'POST') return formatProblem(405, 'METHOD_NOT_ALLOWED');
    if (client === undefined) return formatProblem(403, 'NOT_AUTHORIZED', 'no gateway of that name is known');
    const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
    if (type !== 'application/json') return formatProblem(415, 'UNSUPPORTED_MEDIA_TYPE');
    const text = await readBody(stream, this.#options.maximumBodyBytes ?? DEFAULT_MAXIMUM_BODY_BYTES);
    if (text === undefined) return formatProblem(413, 'PAYLOAD_TOO_LARGE');
    try {
      const answer = operation.run(client.keyCentre, text);
      return answer === undefined ? formatProblem(400, 'INVALID_MSG_FORMAT') : { status: 200, body: await answer };
    } catch (error) {
      return problemOf(error);
    }
  }

  #clientOf(stream: ServerHttp2Stream): { name: string; keyCentre: KeyCentre } | undefined {
    const socket: unknown = stream.session?.socket;
    // The session's socket is a proxy over the TLS socket; only its own methods tell the certificate.
    const certificate = (socket as TLSSocket | undefined)?.getPeerX509Certificate();
    if (certificate === undefined) return undefined;
    // The text form of the names is not taken apart: a name may hold what looks like another one (CVE-2021-44532).
    for (const [name, keyCentre] of this.#options.clients) {
      if (certificate.checkHost(name, { subject: 'never', wildcards: false }) !== undefined) return { name, keyCentre };
    }
    return undefined;
  }
}

/** Undefined for a body that is too long; the rest of it is not kept. */
async function readBody(stream: ServerHttp2Stream, maximumBytes: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  return new Promise((resolve) => {
    stream.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > maximumBytes) resolve(undefined);
      else chunks.push(chunk);
    });
    const finish = (): void => {
      resolve(Buffer.concat(chunks).toString('utf8'));
    };
    stream.once('end', finish);
    // A client that breaks off leaves a body that is no request; the answer goes nowhere.
    stream.once('close', finish);
  });
}
