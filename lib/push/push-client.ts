import { readFile } from 'node:fs/promises';

import { Agent, request } from 'undici';

import { OsgateError } from '../errors.ts';

export interface PushClientOptions {
  /** Where the gateway serves initiators, such as https://push.example.net:9466. */
  readonly url: string;
  readonly token?: string;
  /** PEM files. */
  readonly certificateFile?: string;
  readonly privateKeyFile?: string;
  readonly authoritiesFile?: string;
  readonly timeoutMilliseconds: number;
}

/** An answer that is a success. */
export type PushAnswer = Readonly<Record<string, unknown>>;

/** No answer of the API is longer. */
const MAXIMUM_ANSWER_OCTETS = 65_536;

/** A client of the JSON API for initiators. */
export class PushClient {
  readonly #agent: Agent;
  readonly #options: PushClientOptions;

  private constructor(agent: Agent, options: PushClientOptions) {
    this.#agent = agent;
    this.#options = options;
  }

  /** @throws OsgateError OSGATE_CONFIG_INVALID when a file cannot be read */
  static async open(options: PushClientOptions): Promise<PushClient> {
    const { certificateFile, privateKeyFile, authoritiesFile, timeoutMilliseconds } = options;
    const connect = {
      timeout: timeoutMilliseconds,
      ...(certificateFile === undefined ? {} : { cert: await read(certificateFile) }),
      ...(privateKeyFile === undefined ? {} : { key: await read(privateKeyFile) }),
      ...(authoritiesFile === undefined ? {} : { ca: await read(authoritiesFile) }),
    };
    try {
      return new PushClient(new Agent({ connect, maxResponseSize: MAXIMUM_ANSWER_OCTETS }), options);
    } catch (error) {
      throw new OsgateError('OSGATE_CONFIG_INVALID', `the certificate cannot be used (${textOf(error)})`, {
        cause: error,
      });
    }
  }

  /** Rejects with OsgateError OSGATE_PUSH_NETWORK or OSGATE_PUSH_REFUSED, as the others do. */
  async send(submission: object): Promise<PushAnswer> {
    return this.#ask('POST', '/pushes', submission);
  }

  async status(id: string): Promise<PushAnswer> {
    return this.#ask('GET', `/pushes/${encodeURIComponent(id)}`);
  }

  async cancel(id: string): Promise<void> {
    await this.#ask('DELETE', `/pushes/${encodeURIComponent(id)}`);
  }

  async close(): Promise<void> {
    // Everything was answered or given up.
    await this.#agent.destroy();
  }

  async #ask(method: 'POST' | 'GET' | 'DELETE', path: string, body?: object): Promise<PushAnswer> {
    const { url, token, timeoutMilliseconds } = this.#options;
    const answer = await this.#exchange(new URL(path, url), {
      method,
      headers: {
        accept: 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      dispatcher: this.#agent,
      signal: AbortSignal.timeout(timeoutMilliseconds),
    });
    if (answer.status >= 200 && answer.status < 300) return answer.body;
    const { code, detail } = answer.body;
    const words = typeof code === 'string' && typeof detail === 'string' ? ` ${code}, ${detail}` : '';
    throw new OsgateError('OSGATE_PUSH_REFUSED', `refused: ${answer.status}${words}`);
  }

  async #exchange(
    url: URL,
    options: NonNullable<Parameters<typeof request>[1]>,
  ): Promise<{ status: number; body: PushAnswer }> {
    try {
      const response = await request(url, options);
      const text = await response.body.text();
      return { status: response.statusCode, body: objectIn(text) };
    } catch (error) {
      throw new OsgateError('OSGATE_PUSH_NETWORK', `no answer from ${url.origin} (${textOf(error)})`, { cause: error });
    }
  }
}

/** What is no object, such as the page of a proxy on the way, says nothing. */
function objectIn(text: string): PushAnswer {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as PushAnswer) : {};
  } catch {
    return {};
  }
}

async function read(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new OsgateError('OSGATE_CONFIG_INVALID', `${path}: cannot be read (${textOf(error)})`, { cause: error });
  }
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
