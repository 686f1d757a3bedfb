import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { stringify } from 'yaml';

import { SecretKey, SubscriberDatabase } from '../../../../../kmc/index.ts';
import { NodeProcess, OSGATE, portOf } from '../../../../../scenarios/support/node-process.ts';
import { KEY, TEST_SUBSCRIBER } from '../../../../kmc/subscribers/test-subscriber.ts';

const run = promisify(execFile);
const DTD = fileURLToPath(new URL('../../../../fixtures/pap/pap.dtd', import.meta.url));

export const ALICE = 'sip:alice@home1.example';
export const ALICE_KEY = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
export const GATEWAY_FQDN = 'osg.home1.example';
export const PASSWORD = 'alice-0123456789';
const TOKEN = 'weather-0123456789abcdef';

export interface PushWorldOptions {
  /** Keys of `gateway.push`. */
  readonly push: Readonly<Record<string, unknown>>;
  readonly sec3?: readonly object[];
  readonly sip?: readonly object[];
  /** Keys of the gateway section. */
  readonly gateway?: Readonly<Record<string, unknown>>;
  /** The key centre; embedded where absent. */
  readonly kmc?: Readonly<Record<string, unknown>> | undefined;
  readonly folder?: string;
}

/** A listener for agents by a static key, over DTLS. */
export const DTLS_LISTENER = {
  name: 'agents',
  host: '127.0.0.1',
  port: 0,
  transports: ['dtls'],
  fqdn: GATEWAY_FQDN,
  authenticators: [{ type: 'psk', identities: 'psk.txt' }],
};

/** A listener for agents by their passwords, over UDP and TCP. */
export const DIGEST_LISTENER = {
  name: 'desks',
  host: '127.0.0.1',
  port: 0,
  fqdn: 'desks.home1.example',
  authenticators: [{ type: 'digest' }],
};

export const INSIDE_LISTENER = {
  name: 'inside',
  host: '127.0.0.1',
  port: 0,
  fqdn: 'inside.home1.example',
  authenticators: [{ type: 'trusted', peers: ['127.0.0.0/8'] }],
};

/** A gateway process that pushes, with curl as the initiator. The subscriber of the tests is in its key centre. */
export class PushWorld {
  readonly folder: string;
  readonly options: PushWorldOptions;
  process: NodeProcess;

  private constructor(folder: string, options: PushWorldOptions) {
    this.folder = folder;
    this.options = options;
    this.process = spawn(folder);
  }

  static async open(options: PushWorldOptions): Promise<PushWorld> {
    const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'osgate-push-')));
    const files = {
      'secret.key': 'ab'.repeat(32),
      'kmc.key': KEY.toString('hex'),
      'admin.token': 'push-admin-token\n',
      'weather.token': `${TOKEN}\n`,
      'psk.txt': `${ALICE}:${ALICE_KEY.toString('hex')}\n`,
    };
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content, { mode: 0o600 });
    const database = SubscriberDatabase.open(join(folder, 'users.sqlite'), new SecretKey(KEY));
    if (options.folder === undefined) database.add({ ...TEST_SUBSCRIBER, password: Buffer.from(PASSWORD) });
    database.close();
    await writeFile(join(folder, 'gateway.yaml'), stringify(configOf(options)), { mode: 0o600 });
    const world = new PushWorld(folder, options);
    try {
      await world.port('initiators');
      return world;
    } catch (error) {
      world.process.kill('SIGKILL');
      throw error;
    }
  }

  /** The port of what the log calls that `interface`, or that listener. */
  async port(name: string): Promise<number> {
    const record = await this.process.waitFor(
      `listening on ${name}`,
      ({ event, interface: served, listener }) => event === 'listening' && (served === name || listener === name),
    );
    // The newest: a worker that was started again has other ports.
    const { listener, interface: served } = record;
    const same = this.process.records.filter(
      (one) => one.event === 'listening' && one.listener === listener && one.interface === served,
    );
    return portOf(same.at(-1) ?? record);
  }

  /** Hands a push in with curl; gives its id. */
  async push(content: string, { recipient = ALICE, ...more }: Record<string, unknown> = {}): Promise<string> {
    const body = JSON.stringify({
      recipient: { type: String(recipient).includes(':') ? 'impu' : 'impi', value: recipient },
      contentType: 'text/plain;charset=utf-8',
      content,
      ...more,
    });
    const { stdout } = await this.curl('/pushes', '-H', 'Content-Type: application/json', '-d', body);
    const { id } = JSON.parse(stdout) as { id?: string };
    if (id === undefined) throw new Error(`the push was not accepted: ${stdout}`);
    return id;
  }

  async status(id: string): Promise<{ readonly state: string; readonly reason?: string; readonly attempts: number }> {
    const { stdout } = await this.curl(`/pushes/${encodeURIComponent(id)}`);
    return JSON.parse(stdout) as { state: string; attempts: number };
  }

  /** Resolves with the status once it fits. */
  async until(
    id: string,
    fits: (status: { state: string; reason?: string; attempts: number }) => boolean,
    timeout = 20_000,
  ): Promise<{ readonly state: string; readonly reason?: string; readonly attempts: number }> {
    const end = Date.now() + timeout;
    for (;;) {
      const status = await this.status(id);
      if (fits(status)) return status;
      if (Date.now() > end) throw new Error(`the push is ${JSON.stringify(status)}\n${this.process.errors}`);
      await delay(50);
    }
  }

  async curl(path: string, ...options: string[]): Promise<{ readonly stdout: string }> {
    const url = `http://127.0.0.1:${await this.port('initiators')}${path}`;
    return run('curl', ['-sS', '--max-time', '20', '-H', `Authorization: Bearer ${TOKEN}`, ...options, url]);
  }

  /** Has xmllint check a document of PAP; rejects when the DTD does not have it. */
  async validate(xml: string): Promise<void> {
    const file = join(this.folder, 'answer.xml');
    await writeFile(file, xml);
    await run('xmllint', ['--noout', '--nonet', '--dtdvalid', DTD, file]);
  }

  async metric(name: string): Promise<number> {
    const text = await (await fetch(`http://127.0.0.1:${await this.port('metrics')}/metrics`)).text();
    const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
    return Number(line?.slice(name.length + 1) ?? 0);
  }

  async admin(path: string): Promise<Record<string, unknown>> {
    const response = await fetch(`http://127.0.0.1:${await this.port('admin')}${path}`, {
      headers: { authorization: 'Bearer push-admin-token' },
    });
    return (await response.json()) as Record<string, unknown>;
  }

  async editConfig(edit: (text: string) => string): Promise<void> {
    const path = join(this.folder, 'gateway.yaml');
    await writeFile(path, edit(await readFile(path, 'utf8')), { mode: 0o600 });
  }

  async reload(): Promise<Record<string, unknown>> {
    const before = this.process.records.length;
    this.process.kill('SIGHUP');
    return this.process.waitFor(
      'reload',
      (record) =>
        (record.event === 'reloaded' || record.event === 'reload-refused') &&
        this.process.records.indexOf(record) >= before,
    );
  }

  /** Kills the gateway, and starts it again. */
  async restart(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.process.kill(signal);
    await this.process.exited();
    this.process = spawn(this.folder);
    await this.port('initiators');
  }

  async close(): Promise<number> {
    const status = await this.process.stop();
    await rm(this.folder, { recursive: true, force: true });
    return status;
  }
}

function spawn(folder: string): NodeProcess {
  return new NodeProcess('gateway', OSGATE, ['gateway', '-c', join(folder, 'gateway.yaml')]);
}

function configOf({ push, sec3 = [], sip = [INSIDE_LISTENER], gateway, kmc }: PushWorldOptions): object {
  return {
    log: { level: 'debug', format: 'json' },
    ops: { metrics: { port: 0 }, admin: { port: 0, token: { file: 'admin.token' } } },
    ...(gateway?.['keyCentre'] === undefined
      ? {
          kmc: {
            domain: 'bsf.home1.example',
            subscribers: { database: 'users.sqlite', secretKey: { file: 'kmc.key' } },
            bootstrapping: { challengeBurst: 1000, challengesPerSecond: 1000 },
            ...kmc,
          },
        }
      : {}),
    gateway: {
      keyCentre: { type: 'embedded' },
      secret: { file: 'secret.key' },
      sec1: { sip },
      sec3: { sip: sec3 },
      // The machine may be busy with other tests.
      admission: { overload: { delayMilliseconds: 10_000, maximumDelayMilliseconds: 20_000 } },
      shutdownGraceMilliseconds: 1000,
      ...gateway,
      push: {
        fqdn: GATEWAY_FQDN,
        queue: { path: 'push.sqlite' },
        associations: { path: 'associations.sqlite' },
        initiators: {
          fqdn: 'push.home1.example',
          port: 0,
          initiators: [{ name: 'weather', token: { file: 'weather.token' }, recipients: ['*'] }],
        },
        ...push,
        dispatch: {
          receiptTimeoutMilliseconds: 2000,
          initialRetryMilliseconds: 100,
          maximumRetryMilliseconds: 1000,
          ...(push['dispatch'] as object | undefined),
        },
      },
    },
  };
}
