import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { stringify } from 'yaml';

import {
  createSecretKeyFile,
  loadSecretKey,
  SubscriberDatabase,
  type AnySubscriber,
} from '../../kmc/subscribers/index.ts';
import { LOCATION_SERVER, NodeProcess, OSGATE, portOf } from '../../scenarios/support/node-process.ts';

export interface DigestGatewayOptions {
  readonly users: readonly AnySubscriber[];
  /** Beside `inside`, which trusts loopback. */
  readonly listeners: readonly object[];
  /** Given the location server's port. */
  readonly sec3?: (locationServerPort: number) => readonly object[];
  /** More of the gateway section. */
  readonly gateway?: object;
}

/** A gateway process for static users, on a subscriber database of its own, in front of a location server. */
export class DigestGateway {
  readonly folder: string;
  readonly database: SubscriberDatabase;
  readonly locationServer: NodeProcess;
  /** One or more gateways with the same configuration. */
  readonly gateways: NodeProcess[] = [];
  readonly #config: string;

  private constructor(folder: string, database: SubscriberDatabase, locationServer: NodeProcess, config: string) {
    this.folder = folder;
    this.database = database;
    this.locationServer = locationServer;
    this.#config = config;
  }

  static async start(options: DigestGatewayOptions): Promise<DigestGateway> {
    const folder = await mkdtemp(join(tmpdir(), 'osgate-digest-'));
    const keyFile = join(folder, 'key');
    await createSecretKeyFile(keyFile);
    const database = SubscriberDatabase.open(join(folder, 'users.sqlite'), await loadSecretKey({ file: keyFile }));
    database.addAll(options.users);
    const locationServer = new NodeProcess('location server', LOCATION_SERVER, ['--require-identity']);
    const port = portOf(await locationServer.waitFor('listening', (record) => record.event === 'listening'));
    const sec3 = options.sec3?.(port) ?? [
      { name: 'location', domains: ['example.com'], targets: [`sip:127.0.0.1:${port}`] },
    ];
    const config = join(folder, 'osgate.yaml');
    const inside = {
      name: 'inside',
      host: '127.0.0.1',
      port: 0,
      fqdn: 'inside.example.com',
      authenticators: [{ type: 'trusted', peers: ['127.0.0.0/8'] }],
    };
    const settings = {
      log: { level: 'debug', format: 'json' },
      ops: { metrics: { port: 0 } },
      kmc: { domain: 'bsf.example.com', subscribers: { database: 'users.sqlite', secretKey: { file: 'key' } } },
      gateway: {
        keyCentre: { type: 'embedded' },
        secret: { file: 'key' },
        sec1: { sip: [...options.listeners, inside] },
        sec3: { sip: sec3 },
        shutdownGraceMilliseconds: 1000,
        ...options.gateway,
      },
    };
    await writeFile(config, stringify(settings), { mode: 0o600 });
    const started = new DigestGateway(folder, database, locationServer, config);
    await started.addGateway();
    return started;
  }

  /** Starts one more gateway with the same configuration. */
  async addGateway(): Promise<NodeProcess> {
    const gateway = new NodeProcess('gateway', OSGATE, ['gateway', '-c', this.#config]);
    this.gateways.push(gateway);
    await gateway.waitFor('listening', (record) => record.listener === 'inside' && record.event === 'listening');
    return gateway;
  }

  /** The port of a listener of the first gateway, or of another one. */
  async port(listener: string, gateway = this.gateways[0]): Promise<number> {
    if (gateway === undefined) throw new TypeError('no gateway');
    return portOf(
      await gateway.waitFor(listener, (record) => record.event === 'listening' && record.listener === listener),
    );
  }

  /** The value of a metric, with its labels as Prometheus writes them; 0 when it is not there. */
  async metric(name: string): Promise<number> {
    const [gateway] = this.gateways;
    const record = await gateway?.waitFor('metrics', ({ interface: served }) => served === 'metrics');
    const text = await (await fetch(`http://127.0.0.1:${String(record?.port)}/metrics`)).text();
    const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
    return Number(line?.slice(name.length + 1) ?? 0);
  }

  /** Stops everything and gives the exit statuses. */
  async stop(): Promise<number[]> {
    const statuses = await Promise.all([...this.gateways, this.locationServer].map((process) => process.stop()));
    this.database.close();
    await rm(this.folder, { recursive: true, force: true });
    return statuses;
  }
}
