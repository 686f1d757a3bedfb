import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { stringify } from 'yaml';

import { makeAuthority } from './certificates.ts';
import { ScenarioError } from './errors.ts';
import { LOCATION_SERVER, NodeProcess, OSGATE, portOf } from './node-process.ts';
import { subscribersCsv, type ScenarioSubscriber } from './subscribers.ts';

export const GATEWAY_FQDN = 'osg.example.com';
export const BSF_DOMAIN = 'bsf.mnc001.mcc001.pub.3gppnetwork.org';

/** The bearer token of the admin API. */
export const ADMIN_TOKEN = 'scenario-admin-token';

/** What a scenario wants of the gateway beyond the usual. */
export interface SystemOptions {
  readonly subscribers: readonly ScenarioSubscriber[];
  /** Replaces parts of the gateway section, given the location server's port. */
  readonly sec3?: (locationServerPort: number) => readonly object[];
  readonly digest?: object;
  /** More of the gateway section. */
  readonly gateway?: object;
  readonly moreListeners?: readonly object[];
  readonly locationServer?: readonly string[];
  readonly logLevel?: 'debug' | 'info';
  /** What the gateway logs of requests; all where absent. */
  readonly logRequests?: 'all' | 'refused' | 'none';
  /** Serves the gateway's metrics on a port that the system chooses. */
  readonly metrics?: boolean;
  /** Serves the admin API, with {@link ADMIN_TOKEN}, on a port that the system chooses. */
  readonly admin?: boolean;
  /** The `ops.hep` section. */
  readonly hep?: object;
  /** How long GBA keys last; an hour where absent. */
  readonly keyLifetimeSeconds?: number;
  /** Worker processes of the gateway; 1 where absent. */
  readonly workers?: number;
  /** The key centre lets the gateway push. */
  readonly mayPush?: boolean;
  /** More environment of the gateway's process. */
  readonly gatewayEnvironment?: Readonly<Record<string, string>>;
  /** More files in the folder, by name, for this user alone. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Key centre, gateway and location server as processes on loopback, with a folder of their own. */
export class System {
  readonly folder: string;
  readonly kmc: NodeProcess;
  readonly gateway: NodeProcess;
  readonly locationServer: NodeProcess;
  readonly ubUrl: string;
  readonly gatewayPort: number;
  readonly locationServerPort: number;

  private constructor(
    parts: Pick<
      System,
      'folder' | 'kmc' | 'gateway' | 'locationServer' | 'ubUrl' | 'gatewayPort' | 'locationServerPort'
    >,
  ) {
    this.folder = parts.folder;
    this.kmc = parts.kmc;
    this.gateway = parts.gateway;
    this.locationServer = parts.locationServer;
    this.ubUrl = parts.ubUrl;
    this.gatewayPort = parts.gatewayPort;
    this.locationServerPort = parts.locationServerPort;
  }

  static async start(options: SystemOptions): Promise<System> {
    const folder = await mkdtemp(join(tmpdir(), 'osgate-'));
    const running: NodeProcess[] = [];
    const started = (process: NodeProcess): NodeProcess => {
      running.push(process);
      return process;
    };
    try {
      const logLevel = options.logLevel ?? 'debug';
      await writeCertificates(folder);
      await writeFiles(folder, options.files ?? {});
      const kmcConfig = await writeKmcConfig(folder, logLevel, options);
      await seed(folder, kmcConfig, options.subscribers);
      const kmc = started(new NodeProcess('key centre', OSGATE, ['kmc', '-c', kmcConfig]));
      const ub = await kmc.waitFor(
        'listening for Ub',
        (record) => record.event === 'listening' && record.interface === 'ub',
      );
      const nbsp = await kmc.waitFor(
        'listening for Nbsp_GBA',
        (record) => record.event === 'listening' && record.interface === 'nbsp',
      );
      const locationServer = started(
        new NodeProcess('location server', LOCATION_SERVER, ['--require-identity', ...(options.locationServer ?? [])]),
      );
      const locationServerPort = portOf(
        await locationServer.waitFor('listening', (record) => record.event === 'listening'),
      );
      const gatewayConfig = await writeGatewayConfig(folder, portOf(nbsp), locationServerPort, options);
      const gateway = started(
        new NodeProcess('gateway', OSGATE, ['gateway', '-c', gatewayConfig], options.gatewayEnvironment),
      );
      const listening = await gateway.waitFor(
        'listening for agents',
        (record) => record.event === 'listening' && record.listener === 'agents',
      );
      return new System({
        folder,
        kmc,
        gateway,
        locationServer,
        ubUrl: `http://127.0.0.1:${portOf(ub)}/`,
        gatewayPort: portOf(listening),
        locationServerPort,
      });
    } catch (error) {
      await Promise.all(running.map((process) => process.stop()));
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** The port of one of the gateway's listeners. */
  async listenerPort(name: string): Promise<number> {
    return portOf(
      await this.gateway.waitFor(
        `listener ${name}`,
        (record) => record.event === 'listening' && record.listener === name,
      ),
    );
  }

  /** The port of what serves the operator: `metrics` or `admin`. */
  async operatorPort(name: 'metrics' | 'admin'): Promise<number> {
    return portOf(
      await this.gateway.waitFor(name, (record) => record.event === 'listening' && record.interface === name),
    );
  }

  /** The gateway's metrics as text. */
  async metricsText(): Promise<string> {
    return (await fetch(`http://127.0.0.1:${await this.operatorPort('metrics')}/metrics`)).text();
  }

  /** Asks the gateway's admin API, with the token. */
  async admin(method: 'GET' | 'POST', path: string, body?: object): Promise<{ status: number; body: unknown }> {
    const response = await fetch(`http://127.0.0.1:${await this.operatorPort('admin')}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${ADMIN_TOKEN}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: await response.json() };
  }

  /** Changes the gateway's configuration file as text; the gateway is not told. */
  async editGatewayConfig(edit: (text: string) => string): Promise<void> {
    const path = join(this.folder, 'gateway.yaml');
    await writeFile(path, edit(await readFile(path, 'utf8')), { mode: 0o600 });
  }

  /** Writes the configuration of an agent and gives its path. */
  async agentConfig(name: string, subscriber: ScenarioSubscriber, changes: object = {}): Promise<string> {
    return writeYaml(join(this.folder, `${name}.yaml`), {
      agent: {
        impi: subscriber.impi,
        publicIdentity: subscriber.impu,
        usim: { k: subscriber.k, opc: subscriber.opc, sqnFile: `${name}.sqn` },
        ub: { url: this.ubUrl },
        gateway: `sip:127.0.0.1:${this.gatewayPort}`,
        gatewayFqdn: GATEWAY_FQDN,
        uaSecurityProtocolId: '0300000002',
        keyCache: `${name}.keys`,
        timeoutMilliseconds: 10_000,
        ...changes,
      },
    });
  }

  /** Stops everything and gives the exit statuses of gateway, location server and key centre. */
  async stop(): Promise<number[]> {
    const statuses = await Promise.all([this.gateway.stop(), this.locationServer.stop(), this.kmc.stop()]);
    await rm(this.folder, { recursive: true, force: true });
    return statuses;
  }
}

async function writeCertificates(folder: string): Promise<void> {
  const authority = await makeAuthority('osgate scenario authority');
  const server = await authority.issue({
    commonName: 'kmc.example.com',
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1'],
  });
  const client = await authority.issue({ commonName: GATEWAY_FQDN, dnsNames: [GATEWAY_FQDN] });
  const files = {
    'authority.pem': authority.certificatePem,
    'kmc.pem': server.certificatePem,
    'kmc.key': server.privateKeyPem,
    'gateway.pem': client.certificatePem,
    'gateway.key': client.privateKeyPem,
  };
  await writeFiles(folder, { ...files, 'admin.token': `${ADMIN_TOKEN}\n` });
}

async function writeFiles(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content, { mode: 0o600 });
}

async function writeKmcConfig(
  folder: string,
  level: string,
  { keyLifetimeSeconds = 3600, mayPush = false }: SystemOptions,
): Promise<string> {
  return writeYaml(join(folder, 'kmc.yaml'), {
    log: { level, format: 'json' },
    kmc: {
      domain: BSF_DOMAIN,
      subscribers: { database: 'subscribers.db', secretKey: { file: 'secret.key' } },
      bootstrapping: { keyLifetimeSeconds, store: { type: 'sqlite', path: 'contexts.db' } },
      ub: { host: '127.0.0.1', port: 0 },
      nbsp: {
        host: '127.0.0.1',
        port: 0,
        tls: { certificate: 'kmc.pem', privateKey: 'kmc.key', clientAuthorities: 'authority.pem' },
        clients: [{ name: GATEWAY_FQDN, fqdns: [GATEWAY_FQDN], gsids: [0], revealImpi: true, push: mayPush }],
      },
    },
  });
}

async function writeGatewayConfig(
  folder: string,
  nbspPort: number,
  locationServerPort: number,
  options: SystemOptions,
): Promise<string> {
  const digest = { type: 'gba-digest', uaSecurityProtocolId: '0300000002', ...options.digest };
  return writeYaml(join(folder, 'gateway.yaml'), {
    log: { level: options.logLevel ?? 'debug', format: 'json', requests: options.logRequests ?? 'all' },
    ...operatorSection(options),
    gateway: {
      ...(options.workers === undefined ? {} : { workers: options.workers }),
      keyCentre: {
        type: 'nbsp',
        url: `https://localhost:${nbspPort}`,
        tls: { certificate: 'gateway.pem', privateKey: 'gateway.key', authorities: 'authority.pem' },
      },
      sec1: {
        sip: [
          { name: 'agents', host: '127.0.0.1', port: 0, fqdn: GATEWAY_FQDN, authenticators: [digest] },
          {
            name: 'inside',
            host: '127.0.0.1',
            port: 0,
            fqdn: 'inside.example.com',
            authenticators: [{ type: 'trusted', peers: ['127.0.0.1/32'] }],
          },
          ...(options.moreListeners ?? []),
        ],
      },
      sec3: {
        sip: options.sec3?.(locationServerPort) ?? [
          { name: 'location', domains: ['example.com'], targets: [`sip:127.0.0.1:${locationServerPort}`] },
        ],
      },
      shutdownGraceMilliseconds: 2000,
      ...options.gateway,
    },
  });
}

function operatorSection({ metrics, admin, hep }: SystemOptions): object {
  const ops = {
    ...(metrics === true ? { metrics: { host: '127.0.0.1', port: 0 } } : {}),
    ...(admin === true ? { admin: { host: '127.0.0.1', port: 0, token: { file: 'admin.token' } } } : {}),
    ...(hep === undefined ? {} : { hep }),
  };
  return Object.keys(ops).length === 0 ? {} : { ops };
}

async function seed(folder: string, config: string, subscribers: readonly ScenarioSubscriber[]): Promise<void> {
  await run('subscriber key', ['subscriber', 'key', '--file', join(folder, 'secret.key')]);
  const csv = join(folder, 'subscribers.csv');
  await writeFile(csv, subscribersCsv(subscribers), { mode: 0o600 });
  await run('subscriber import', ['subscriber', 'import', '-c', config, csv]);
}

async function run(name: string, args: readonly string[]): Promise<void> {
  const process = new NodeProcess(name, OSGATE, args);
  const status = await process.exited();
  if (status !== 0) throw new ScenarioError(`${name} ended with ${status}\n${process.errors}`);
}

async function writeYaml(path: string, content: object): Promise<string> {
  await writeFile(path, stringify(content), { mode: 0o600 });
  return path;
}
