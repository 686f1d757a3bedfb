import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { stringify } from 'yaml';

import { makeAuthority } from '../../scenarios/support/certificates.ts';
import { NodeProcess, OSGATE, portOf } from '../../scenarios/support/node-process.ts';
import { SipPeer } from '../../scenarios/support/sip-peer.ts';
import type { DtlsConnectOptions } from '../../dtls/index.ts';

export const ALICE = 'sip:alice@example.com';
export const ALICE_KEY = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
export const METER_KEY = Buffer.from('f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff', 'hex');

export interface DtlsGatewayOptions {
  /** Keys of the `agents` listener besides the usual. */
  readonly agents?: object;
  /** Keys of the gateway section besides the usual. */
  readonly gateway?: object;
  readonly datagram?: readonly object[];
  readonly moreListeners?: readonly object[];
  /** Files in the folder of the configuration. */
  readonly files?: Readonly<Record<string, string>>;
  /** Takes the place of all SEC-3 rules, given the port of the server. */
  readonly sec3?: (serverPort: number) => readonly object[];
  /** More than 1 need a key centre in another process; there is none, since static keys need none. */
  readonly workers?: number;
}

/**
 * A gateway process with a DTLS listener for static keys, in front of a SIP server in this process. It can be stopped and started
 * again at the same ports.
 */
export class DtlsGateway {
  readonly folder: string;
  readonly server: SipPeer;
  process: NodeProcess;
  #port = 0;
  #insidePort = 0;

  private constructor(folder: string, server: SipPeer, process: NodeProcess) {
    this.folder = folder;
    this.server = server;
    this.process = process;
  }

  static async start(options: DtlsGatewayOptions = {}): Promise<DtlsGateway> {
    const folder = await mkdtemp(join(tmpdir(), 'osgate-dtls-'));
    const server = await SipPeer.open();
    const authority = await makeAuthority('osgate test authority');
    const own = await authority.issue({ commonName: 'osg.example.com' });
    const files = {
      'kmc-authority.pem': authority.certificatePem,
      'own.pem': own.certificatePem,
      'own.key': own.privateKeyPem,
      'secret.key': 'ab'.repeat(32),
      'admin.token': 'dtls-admin-token\n',
      'psk.txt': `${ALICE}:${ALICE_KEY.toString('hex')}\nmeter-1:${METER_KEY.toString('hex')}\n`,
      ...options.files,
    };
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content, { mode: 0o600 });
    await writeFile(join(folder, 'gateway.yaml'), stringify(configOf(options, server.port)), { mode: 0o600 });
    const gateway = new DtlsGateway(folder, server, spawn(folder));
    await gateway.#listening();
    return gateway;
  }

  get port(): number {
    return this.#port;
  }

  get insidePort(): number {
    return this.#insidePort;
  }

  /** How alice connects. */
  get alice(): DtlsConnectOptions & { readonly psk: { readonly identity: string; readonly key: Buffer } } {
    return {
      host: '127.0.0.1',
      port: this.port,
      psk: { identity: ALICE, key: ALICE_KEY },
      connectionId: { length: 0 },
    };
  }

  /** Stops the process with SIGTERM and starts it again, at the same ports; both must go well. */
  async restart(): Promise<void> {
    const status = await this.process.stop();
    if (status !== 0) throw new Error(`the gateway ended with ${status}\n${this.process.errors}`);
    await this.editConfig((text) =>
      text
        .replace(/(name: agents\n +host: 127\.0\.0\.1\n +port: )0/, `$1${this.port}`)
        .replace(/(name: inside\n +host: 127\.0\.0\.1\n +port: )0/, `$1${this.insidePort}`),
    );
    this.process = spawn(this.folder);
    await this.#listening();
  }

  async editConfig(edit: (text: string) => string): Promise<void> {
    const path = join(this.folder, 'gateway.yaml');
    await writeFile(path, edit(await readFile(path, 'utf8')), { mode: 0o600 });
  }

  async listenerPort(name: string): Promise<number> {
    return portOf(
      await this.process.waitFor(name, (record) => record.event === 'listening' && record.listener === name),
    );
  }

  async reload(): Promise<void> {
    const before = this.process.records.length;
    this.process.kill('SIGHUP');
    await this.process.waitFor(
      'reload',
      (record) =>
        (record.event === 'reloaded' || record.event === 'reload-refused') &&
        this.process.records.indexOf(record) >= before,
    );
  }

  async admin(path: string): Promise<Record<string, unknown>> {
    const record = await this.process.waitFor('admin', ({ interface: served }) => served === 'admin');
    const response = await fetch(`http://127.0.0.1:${portOf(record)}${path}`, {
      headers: { authorization: 'Bearer dtls-admin-token' },
    });
    return (await response.json()) as Record<string, unknown>;
  }

  /** The value of a metric, with its labels as Prometheus writes them; 0 when it is not there. */
  async metric(name: string): Promise<number> {
    const record = await this.process.waitFor('metrics', ({ interface: served }) => served === 'metrics');
    const text = await (await fetch(`http://127.0.0.1:${portOf(record)}/metrics`)).text();
    const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
    return Number(line?.slice(name.length + 1) ?? 0);
  }

  async stop(): Promise<number> {
    const status = await this.process.stop();
    await this.server.close();
    await rm(this.folder, { recursive: true, force: true });
    return status;
  }

  async #listening(): Promise<void> {
    this.#port = await this.listenerPort('agents');
    this.#insidePort = await this.listenerPort('inside');
  }
}

function spawn(folder: string): NodeProcess {
  return new NodeProcess('gateway', OSGATE, ['gateway', '-c', join(folder, 'gateway.yaml')]);
}

function configOf(options: DtlsGatewayOptions, serverPort: number): object {
  return {
    log: { level: 'debug', format: 'json' },
    ops: { metrics: { port: 0 }, admin: { port: 0, token: { file: 'admin.token' } } },
    ...(options.workers === undefined
      ? {
          kmc: {
            domain: 'bsf.example.com',
            subscribers: { database: 'users.sqlite', secretKey: { file: 'secret.key' } },
          },
        }
      : {}),
    gateway: {
      ...(options.workers === undefined
        ? { keyCentre: { type: 'embedded' } }
        : {
            workers: options.workers,
            keyCentre: {
              type: 'nbsp',
              url: 'https://localhost:1',
              tls: { certificate: 'own.pem', privateKey: 'own.key', authorities: 'kmc-authority.pem' },
            },
          }),
      secret: { file: 'secret.key' },
      sec1: {
        sip: [
          {
            name: 'agents',
            host: '127.0.0.1',
            port: 0,
            transports: ['dtls'],
            fqdn: 'osg.example.com',
            authenticators: [
              {
                type: 'psk',
                identities: 'psk.txt',
                publicIdentities: [{ identity: 'meter-1', uris: ['sip:meter-1@example.com'] }],
              },
            ],
            ...options.agents,
          },
          {
            name: 'inside',
            host: '127.0.0.1',
            port: 0,
            fqdn: 'inside.example.com',
            authenticators: [{ type: 'trusted', peers: ['127.0.0.0/8'] }],
          },
          ...(options.moreListeners ?? []),
        ],
        ...(options.datagram === undefined ? {} : { datagram: options.datagram }),
      },
      sec3: {
        sip: options.sec3?.(serverPort) ?? [
          { name: 'server', domains: ['example.com'], targets: [`sip:127.0.0.1:${serverPort}`] },
        ],
      },
      shutdownGraceMilliseconds: 1000,
      ...options.gateway,
    },
  };
}
