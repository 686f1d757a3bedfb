import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { pushInitiatorsSection, type PushInitiatorsConfig } from '../../../../lib/config/push-initiators.ts';
import { filePath } from '../../../../lib/config/values.ts';
import { createLogger } from '../../../../lib/ops/index.ts';
import { initiatorsOf, openInitiatorServer, type InitiatorServer } from '../../../../lib/push/initiators/index.ts';
import { PushDesk, SqlitePushQueue } from '../../../../push/index.ts';
import { makeAuthority } from '../../../../scenarios/support/certificates.ts';

const run = promisify(execFile);
const DTD = fileURLToPath(new URL('../../../fixtures/pap/pap.dtd', import.meta.url));

export const TOKEN = 'weather-0123456789abcdef';
export const PASSWORD = 'news-0123456789abcdef';

/** What `weather` may do where a test says nothing else. */
export const WEATHER = {
  name: 'weather',
  token: { file: 'weather.token' },
  certificate: 'weather.example.com',
  recipients: ['example.com', 'tel:+49'],
  notifyUrls: ['http://127.0.0.1/'],
};

export interface CurlAnswer {
  readonly status: number;
  readonly headers: string;
  readonly body: string;
}

/** A server for initiators over TLS with a queue in memory, and a folder with what curl needs to speak to it. */
export class InitiatorWorld {
  readonly folder: string;
  readonly config: PushInitiatorsConfig;
  readonly queue: SqlitePushQueue;
  readonly desk: PushDesk;
  readonly server: InitiatorServer;
  #answers = 0;

  private constructor(
    folder: string,
    config: PushInitiatorsConfig,
    queue: SqlitePushQueue,
    desk: PushDesk,
    server: InitiatorServer,
  ) {
    this.folder = folder;
    this.config = config;
    this.queue = queue;
    this.desk = desk;
    this.server = server;
  }

  static async open(changes: Record<string, unknown> = {}): Promise<InitiatorWorld> {
    const folder = await mkdtemp(join(tmpdir(), 'osgate-initiators-'));
    const authority = await makeAuthority('test authority');
    const other = await makeAuthority('another authority');
    const issued = {
      server: await authority.issue({ commonName: 'push', dnsNames: ['localhost'] }),
      weather: await authority.issue({ commonName: 'weather', dnsNames: ['weather.example.com'] }),
      stranger: await authority.issue({ commonName: 'stranger', dnsNames: ['stranger.example.com'] }),
      forged: await other.issue({ commonName: 'weather', dnsNames: ['weather.example.com'] }),
    };
    for (const [name, { certificatePem, privateKeyPem }] of Object.entries(issued)) {
      await writeFile(join(folder, `${name}.pem`), certificatePem);
      await writeFile(join(folder, `${name}.key`), privateKeyPem);
    }
    await writeFile(join(folder, 'ca.pem'), authority.certificatePem);
    await writeFile(join(folder, 'weather.token'), `${TOKEN}\n`);
    await writeFile(join(folder, 'news.password'), `${PASSWORD}\n`);
    const config = pushInitiatorsSection(filePath(folder)).parse({
      fqdn: 'push.example.net',
      port: 0,
      tls: { certificate: 'server.pem', privateKey: 'server.key', clientAuthorities: 'ca.pem' },
      notifications: { firstDelayMilliseconds: 20, pollMilliseconds: 20 },
      initiators: [WEATHER, { name: 'news', password: { file: 'news.password' }, recipients: ['*'] }],
      ...changes,
    });
    const initiators = initiatorsOf(config);
    const queue = SqlitePushQueue.open({
      path: ':memory:',
      maximumPushes: 1000,
      maximumPushesOfSubscriber: 100,
      maximumPushesOfInitiator: (name) => initiators.find((one) => one.name === name)?.maximumOpenPushes,
      retentionMilliseconds: 60_000,
    });
    const desk = new PushDesk({ ...config, queue, initiators, onAccepted: () => undefined });
    const logger = createLogger({ level: 'silent', format: 'json' }, 'test');
    try {
      const server = await openInitiatorServer(config, { desk, queue, logger });
      return new InitiatorWorld(folder, config, queue, desk, server);
    } catch (error) {
      await queue.close();
      await rm(folder, { recursive: true });
      throw error;
    }
  }

  get url(): string {
    return `${this.config.tls === undefined ? 'http://127.0.0.1' : 'https://localhost'}:${this.server.port}`;
  }

  async close(): Promise<void> {
    await this.server.close();
    await this.queue.close();
    await rm(this.folder, { recursive: true });
  }

  file(name: string): string {
    return join(this.folder, name);
  }

  /** Runs curl; the last line of what it prints is the status. */
  async curl(path: string, ...options: string[]): Promise<CurlAnswer> {
    const headers = this.file(`headers-${this.#answers++}`);
    const { stdout } = await run('curl', [
      ...['-sS', '--max-time', '20', '--cacert', this.file('ca.pem'), '-D', headers, '-w', '\n%{http_code}'],
      ...options,
      `${this.url}${path}`,
    ]);
    const end = stdout.lastIndexOf('\n');
    return {
      status: Number(stdout.slice(end + 1)),
      headers: await readFile(headers, 'latin1'),
      body: stdout.slice(0, end),
    };
  }

  /** The same with the token of `weather`. */
  async asWeather(path: string, ...options: string[]): Promise<CurlAnswer> {
    return this.curl(path, '-H', `Authorization: Bearer ${TOKEN}`, ...options);
  }

  /** Has xmllint check a document of PAP; rejects when the DTD does not have it. */
  async validate(xml: string): Promise<void> {
    const file = this.file('answer.xml');
    await writeFile(file, xml);
    await run('xmllint', ['--noout', '--nonet', '--dtdvalid', DTD, file]);
  }

  /** Ends a push as the dispatcher would. */
  async settle(state: 'delivered' | 'undeliverable', reason?: string): Promise<void> {
    for (const { key } of await this.queue.take(100)) {
      await this.queue.settle(key, state, { attempted: true, ...(reason === undefined ? {} : { reason }) });
    }
  }
}

/** A body of multipart/related as curl is to send it, with its Content-Type. */
export function multipart(...parts: { type: string; body: string; fields?: string }[]): string[] {
  const text = parts
    .map(({ type, body, fields = '' }) => `--osgate\r\nContent-Type: ${type}\r\n${fields}\r\n${body}\r\n`)
    .join('');
  return [
    '-H',
    'Content-Type: multipart/related; boundary=osgate; type="application/xml"',
    '--data-binary',
    `${text}--osgate--\r\n`,
  ];
}
