import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';

import { KmcError } from '../errors.ts';
import type { BootstrappingInfo, BootstrappingInfoRequest, KeyCentre } from '../key-centre.ts';
import type { PushInfo, PushInfoRequest } from '../push-info/index.ts';
import {
  BOOTSTRAPPING_INFO_PATH,
  formatBootstrappingInfoRequest,
  parseBootstrappingInfo,
} from './bootstrapping-info-json.ts';
import { readProblem } from './problem.ts';
import { formatPushInfoRequest, parsePushInfo, PUSH_INFO_PATH } from './push-info-json.ts';

export interface NbspClientOptions {
  /** apiRoot: the origin of the key centre, https. */
  readonly url: string;
  /** PEM, of this gateway. */
  readonly certificate: Buffer;
  readonly privateKey: Buffer;
  /** PEM: who signs the key centre's certificate. */
  readonly authorities: Buffer;
  /** For one request, connecting included. */
  readonly timeoutMilliseconds: number;
  readonly maximumResponseBytes?: number;
  /** Least time between two attempts to connect. */
  readonly reconnectMilliseconds?: number;
}

const DEFAULT_MAXIMUM_RESPONSE_BYTES = 1024 * 1024;
const DEFAULT_RECONNECT_MILLISECONDS = 200;

/** A key centre in another process, over Nbsp_GBA (TS 29.309): one HTTP/2 session, opened when needed and kept. */
export class NbspClient implements KeyCentre {
  readonly #options: NbspClientOptions;
  #session: ClientHttp2Session | undefined;
  #failedAt = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(options: NbspClientOptions) {
    this.#options = options;
  }

  async bootstrappingInfo(request: BootstrappingInfoRequest): Promise<BootstrappingInfo> {
    return this.#ask(BOOTSTRAPPING_INFO_PATH, formatBootstrappingInfoRequest(request), parseBootstrappingInfo);
  }

  async pushInfo(request: PushInfoRequest): Promise<PushInfo> {
    return this.#ask(PUSH_INFO_PATH, formatPushInfoRequest(request), parsePushInfo);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const session = this.#session;
    this.#session = undefined;
    if (session === undefined || session.destroyed) return;
    await new Promise<void>((resolve) => {
      session.close(() => {
        resolve();
      });
    });
  }

  async #ask<T>(path: string, request: string, parse: (body: string) => T | undefined): Promise<T> {
    const { status, body } = await this.#post(path, request);
    if (status !== 200) throw readProblem(status, body);
    const info = parse(body);
    if (info === undefined) throw unavailable(`the key centre answered what is no answer to ${path}`);
    return info;
  }

  async #post(path: string, body: string): Promise<{ status: number; body: string }> {
    const session = this.#connect();
    const { timeoutMilliseconds, maximumResponseBytes = DEFAULT_MAXIMUM_RESPONSE_BYTES } = this.#options;
    return new Promise((resolve, reject) => {
      const stream: ClientHttp2Stream = session.request({
        ':method': 'POST',
        ':path': path,
        'content-type': 'application/json',
        accept: 'application/json, application/problem+json',
      });
      const chunks: Buffer[] = [];
      let length = 0;
      let status = 0;
      const give = (error: KmcError): void => {
        stream.close(constants.NGHTTP2_CANCEL);
        reject(error);
      };
      const timer = setTimeout(() => {
        // A session that no longer carries anything would swallow the next request too.
        session.destroy();
        give(unavailable(`no answer within ${timeoutMilliseconds} ms`));
      }, timeoutMilliseconds);
      stream.on('response', (headers) => {
        status = headers[':status'] ?? 0;
      });
      stream.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > maximumResponseBytes) give(unavailable('the answer is too long'));
        else chunks.push(chunk);
      });
      stream.on('error', (error) => {
        reject(unavailable('the connection to the key centre broke', error));
      });
      stream.on('close', () => {
        clearTimeout(timer);
        if (status === 0) reject(unavailable('the key centre closed without an answer'));
        else resolve({ status, body: Buffer.concat(chunks).toString('utf8') });
      });
      stream.end(body);
    });
  }

  #connect(): ClientHttp2Session {
    if (this.#closed) throw unavailable('the client is closed');
    if (this.#session !== undefined && !this.#session.closed && !this.#session.destroyed) return this.#session;
    const {
      url,
      certificate,
      privateKey,
      authorities,
      reconnectMilliseconds = DEFAULT_RECONNECT_MILLISECONDS,
    } = this.#options;
    if (performance.now() - this.#failedAt < reconnectMilliseconds) throw unavailable('the key centre is not reached');
    const session = connect(url, { cert: certificate, key: privateKey, ca: authorities, minVersion: 'TLSv1.2' });
    // Requests hear of it by their own streams; here it only must not be unhandled.
    session.on('error', () => {
      this.#failedAt = performance.now();
    });
    session.on('goaway', () => {
      if (this.#session === session) this.#session = undefined;
    });
    session.on('close', () => {
      if (this.#session === session) this.#session = undefined;
    });
    // An idle session alone keeps no process alive; one with a request does.
    session.unref();
    this.#session = session;
    return session;
  }
}

function unavailable(message: string, cause?: unknown): KmcError {
  return new KmcError('OSGATE_KMC_UNAVAILABLE', message, cause === undefined ? undefined : { cause });
}
