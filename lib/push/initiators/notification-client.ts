import { readFile } from 'node:fs/promises';

import { Agent, errors, request } from 'undici';

import type { PushInitiatorsConfig } from '../../config/push-initiators.ts';

export interface NotificationBody {
  readonly contentType: string;
  readonly text: string;
}

/** What the server of an initiator made of a notification. */
export type NotificationAnswer =
  | { readonly outcome: 'received' }
  /** It will not take it, however often it is sent. */
  | { readonly outcome: 'refused'; readonly status: number }
  | { readonly outcome: 'failed'; readonly reason: NotificationFailure; readonly retryAfterMilliseconds?: number };

export type NotificationFailure = 'timeout' | 'unreachable' | 'status';

/** Posts notifications: follows no redirect, and bounds the time and the size of every answer. */
export class NotificationClient {
  /** Answers whose body was longer than is read. */
  readonly counters = { responsesTooLarge: 0 };
  readonly #agent: Agent;
  readonly #timeout: number;
  readonly #maximumOctets: number;
  readonly #closing = new AbortController();

  private constructor(config: PushInitiatorsConfig['notifications'], authorities: Buffer | undefined) {
    this.#timeout = config.timeoutMilliseconds;
    this.#maximumOctets = config.maximumResponseOctets;
    this.#agent = new Agent({
      // Initiators may share a server, and one of them is not to take the connections of the others.
      connections: config.maximumConcurrent,
      connect: { timeout: config.timeoutMilliseconds, ...(authorities === undefined ? {} : { ca: authorities }) },
    });
  }

  /** @throws the system's error when the file with the authorities cannot be read */
  static async open(config: PushInitiatorsConfig['notifications']): Promise<NotificationClient> {
    const { authorities } = config;
    return new NotificationClient(config, authorities === undefined ? undefined : await readFile(authorities));
  }

  /** Never rejects. */
  async post(url: string, { contentType, text }: NotificationBody): Promise<NotificationAnswer> {
    const signal = AbortSignal.any([AbortSignal.timeout(this.#timeout), this.#closing.signal]);
    try {
      const response = await request(url, {
        method: 'POST',
        headers: { 'content-type': contentType, 'user-agent': 'osgate' },
        body: text,
        dispatcher: this.#agent,
        signal,
      });
      const answer = answerOf(response.statusCode, response.headers['retry-after']);
      await this.#skip(response.body);
      return answer;
    } catch (error) {
      return { outcome: 'failed', reason: isTimeout(error) ? 'timeout' : 'unreachable' };
    }
  }

  /** Breaks off what is under way. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#agent.destroy();
  }

  /** Reads the body, so that the connection can be used again; what is too long, or breaks off, changes no answer. */
  async #skip(body: AsyncIterable<Buffer> & { destroy(): unknown }): Promise<void> {
    try {
      let octets = 0;
      for await (const chunk of body) {
        octets += chunk.length;
        if (octets <= this.#maximumOctets) continue;
        this.counters.responsesTooLarge++;
        // Leaving the loop destroys the body, and with it the connection.
        break;
      }
    } catch {
      // The status has come already.
    }
  }
}

function answerOf(status: number, retryAfter: string | string[] | undefined): NotificationAnswer {
  if (status >= 200 && status < 300) return { outcome: 'received' };
  const again = status >= 500 || status === 408 || status === 425 || status === 429;
  // A redirect would lead where the initiator has no right to have notifications sent.
  if (!again) return { outcome: 'refused', status };
  const seconds = typeof retryAfter === 'string' && /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) : undefined;
  const pause = seconds === undefined ? {} : { retryAfterMilliseconds: seconds * 1000 };
  return { outcome: 'failed', reason: 'status', ...pause };
}

function isTimeout(error: unknown): boolean {
  if (error instanceof errors.ConnectTimeoutError) return true;
  return error instanceof Error && error.name === 'TimeoutError';
}
