import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

import { ScenarioError } from '../../scenarios/support/errors.ts';
import { compiledPionServer, compiledWithOpenssl, pathOf } from './programs.ts';

/** A suite that all three servers have, under the names that each gives it. */
export interface Suite {
  readonly iana: string;
  readonly openssl: string;
  readonly code: string;
}

export const PSK_SUITE: Suite = {
  iana: 'TLS_PSK_WITH_AES_128_GCM_SHA256',
  openssl: 'PSK-AES128-GCM-SHA256',
  code: '00a8',
};

export const ECDHE_SUITE: Suite = {
  iana: 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
  openssl: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  code: 'c02b',
};

export type ServerName = 'osgate' | 'openssl' | 'pion';

export const SERVER_NAMES: readonly ServerName[] = ['osgate', 'openssl', 'pion'];

/** How long a server gets to give back what it does not need; V8 needs longest. */
const SETTLE_MILLISECONDS = 1500;

/** An echo server of one suite, on a port of 127.0.0.1 that the system chose. */
export class EchoServer {
  readonly name: ServerName;
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(name: ServerName, port: number, child: ChildProcess) {
    this.name = name;
    this.port = port;
    this.#child = child;
  }

  static async start(name: ServerName, suite: Suite, credentials: Credentials): Promise<EchoServer> {
    const { certificate, key } = credentials;
    const kind = suite === PSK_SUITE ? 'psk' : 'ecdhe';
    const commands: Readonly<Record<ServerName, () => Promise<readonly string[]>>> = {
      osgate: async () => [
        process.execPath,
        '--expose-gc',
        ...nodeOptions(),
        pathOf('./echo-server.ts'),
        ...['0', kind, suite.iana, certificate, key],
      ],
      openssl: async () => [await compiledWithOpenssl('openssl-server'), '0', suite.openssl, certificate, key],
      pion: async () => [await compiledPionServer(), '0', kind, suite.code, certificate, key],
    };
    const [program = '', ...args] = await commands[name]();
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const line = await Promise.race([
      once(createInterface({ input: child.stdout }), 'line') as Promise<[string]>,
      once(child, 'close').then(() => undefined),
    ]);
    if (line === undefined) throw new ScenarioError(`${name} did not start`);
    return new EchoServer(name, (JSON.parse(line[0]) as { port: number }).port, child);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Lets the server collect its garbage and give free memory to the system. */
  async settle(): Promise<void> {
    this.#child.kill('SIGUSR2');
    await delay(SETTLE_MILLISECONDS);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGTERM');
    await closed;
  }
}

/** A self-signed certificate on P-256, in a folder that is removed with it. */
export class Credentials {
  readonly certificate: string;
  readonly key: string;
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.certificate = join(folder, 'certificate.pem');
    this.key = join(folder, 'key.pem');
  }

  static async make(): Promise<Credentials> {
    const credentials = new Credentials(await mkdtemp(join(tmpdir(), 'osgate-bench-dtls-')));
    const { certificate, key } = credentials;
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
        ...['-days', '2', '-subj', '/CN=bench.example.com', '-keyout', key, '-out', certificate],
      ],
      { stdio: 'pipe' },
    );
    return credentials;
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true });
  }
}

/** For a look inside: OSGATE_BENCH_NODE_OPTIONS="--cpu-prof --cpu-prof-dir=/tmp/profile". */
function nodeOptions(): readonly string[] {
  return (process.env['OSGATE_BENCH_NODE_OPTIONS'] ?? '').split(' ').filter((option) => option !== '');
}
