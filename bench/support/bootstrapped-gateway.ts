import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { stringify } from 'yaml';

import {
  deriveKsNaf,
  formatBtid,
  loadSecretKey,
  NafId,
  nafKeyPassword,
  UaSecurityProtocolId,
  type BootstrappingContext,
} from '../../kmc/index.ts';
import { sealedCodec, SqliteStore } from '../../lib/store/index.ts';
import { freePort } from '../../scenarios/support/free-port.ts';
import { NodeProcess, OSGATE, portOf } from '../../scenarios/support/node-process.ts';
import { BSF_DOMAIN, GATEWAY_FQDN } from '../../scenarios/support/system.ts';
import { computeHa1 } from '../../sip/index.ts';
import { scrape, type Scrape } from './scrape.ts';

/** An agent that has bootstrapped. */
export interface BootstrappedAgent {
  /** The B-TID. */
  readonly username: string;
  readonly password: string;
  readonly impu: string;
}

export interface BootstrappedGatewayOptions {
  /** How many agents have bootstrapped before the gateway starts. */
  readonly agents: number;
  /** Digest algorithms on offer; MD5, which the load generators compute, where absent. */
  readonly algorithms?: readonly string[];
  /** Replaces the `admission` group. */
  readonly admission?: object;
  readonly limits?: object;
}

const REALM = `3GPP-bootstrapping@${GATEWAY_FQDN}`;

/**
 * A gateway with the key centre in its own process, for load tests: the agents' bootstrapping contexts are put into the key
 * centre's store before it starts, since a hundred thousand runs of Ub would take longer than the test. Their NAF keys are
 * derived as for any agent.
 */
export class BootstrappedGateway {
  readonly folder: string;
  readonly process: NodeProcess;
  readonly port: number;
  /** Where an application server must listen, on 127.0.0.1. */
  readonly targetPort: number;
  readonly agents: readonly BootstrappedAgent[];
  readonly #metricsUrl: string;

  private constructor(parts: {
    folder: string;
    process: NodeProcess;
    port: number;
    targetPort: number;
    agents: readonly BootstrappedAgent[];
    metricsUrl: string;
  }) {
    this.folder = parts.folder;
    this.process = parts.process;
    this.port = parts.port;
    this.targetPort = parts.targetPort;
    this.agents = parts.agents;
    this.#metricsUrl = parts.metricsUrl;
  }

  static async start(options: BootstrappedGatewayOptions): Promise<BootstrappedGateway> {
    // In memory, if the machine has such a place: a context is on disk when it is put, and a hundred thousand take long.
    const folder = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'osgate-'));
    let process: NodeProcess | undefined;
    try {
      const targetPort = await freePort();
      await writeFile(join(folder, 'secret.key'), randomBytes(32).toString('hex'), { mode: 0o600 });
      const agents = await putContexts(folder, options.agents);
      const config = join(folder, 'gateway.yaml');
      await writeFile(config, stringify(gatewayConfig(targetPort, options)), { mode: 0o600 });
      process = new NodeProcess('gateway', OSGATE, ['gateway', '-c', config]);
      const listening = await process.waitFor(
        'listening for agents',
        (record) => record.event === 'listening' && record.listener === 'agents',
      );
      const metrics = await process.waitFor(
        'metrics',
        (record) => record.event === 'listening' && record.interface === 'metrics',
      );
      return new BootstrappedGateway({
        folder,
        process,
        port: portOf(listening),
        targetPort,
        agents,
        metricsUrl: `http://127.0.0.1:${portOf(metrics)}/metrics`,
      });
    } catch (error) {
      await process?.stop();
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Every number that the gateway publishes right now. */
  async metrics(): Promise<Scrape> {
    return scrape(this.#metricsUrl);
  }

  /** Writes user name, HA1 (MD5) and public identity of each agent for the load generators. */
  async writeAgents(): Promise<string> {
    const lines = this.agents.map(
      ({ username, password, impu }) => `${username} ${computeHa1('MD5', username, REALM, password)} ${impu}`,
    );
    const path = join(this.folder, 'agents.txt');
    await writeFile(path, `${lines.join('\n')}\n`, { mode: 0o600 });
    return path;
  }

  async stop(): Promise<number> {
    const status = await this.process.stop();
    await rm(this.folder, { recursive: true, force: true });
    return status;
  }
}

function gatewayConfig(targetPort: number, options: BootstrappedGatewayOptions): object {
  const { admission, limits, algorithms = ['MD5'] } = options;
  const digest = { type: 'gba-digest', uaSecurityProtocolId: '0300000002', algorithms, qop: ['auth'] };
  const trusted = { type: 'trusted', peers: ['127.0.0.1/32'] };
  return {
    log: { level: 'info', format: 'json', requests: 'none' },
    ops: { metrics: { host: '127.0.0.1', port: 0 } },
    kmc: {
      domain: BSF_DOMAIN,
      subscribers: { database: 'subscribers.db', secretKey: { file: 'secret.key' } },
      bootstrapping: { store: { type: 'sqlite', path: 'contexts.db' } },
    },
    gateway: {
      keyCentre: { type: 'embedded' },
      sec1: {
        sip: [
          { name: 'agents', host: '127.0.0.1', port: 0, fqdn: GATEWAY_FQDN, authenticators: [digest] },
          { name: 'inside', host: '127.0.0.1', port: 0, fqdn: 'inside.example.com', authenticators: [trusted] },
        ],
      },
      sec3: { sip: [{ name: 'bench', domains: ['example.com'], targets: [`sip:127.0.0.1:${targetPort}`] }] },
      ...(limits === undefined ? {} : { limits }),
      ...(admission === undefined ? {} : { admission }),
      shutdownGraceMilliseconds: 1000,
    },
  };
}

async function putContexts(folder: string, count: number): Promise<BootstrappedAgent[]> {
  const key = await loadSecretKey({ file: join(folder, 'secret.key') });
  const store = new SqliteStore<BootstrappingContext>({
    path: join(folder, 'contexts.db'),
    name: 'contexts',
    codec: sealedCodec(key.box('osgate contexts')),
  });
  const nafId = new NafId(GATEWAY_FQDN, UaSecurityProtocolId.parse('0300000002'));
  const createdAt = Date.now();
  const expiresAt = createdAt + 3_600_000;
  const agents: BootstrappedAgent[] = [];
  try {
    for (let number = 0; number < count; number++) {
      const rand = octetsOf(`rand ${number}`).subarray(0, 16);
      const ks = octetsOf(`ks ${number}`);
      const impi = `agent${number}@ims.mnc001.mcc001.3gppnetwork.org`;
      const impu = `sip:user${number}@example.com`;
      const btid = formatBtid(rand, BSF_DOMAIN);
      const settings = { bsfInfo: {}, ussList: [{ gsid: 0, type: 0, uids: [impu], flags: [] }] };
      await store.put(btid, { btid, impi, ks, rand, createdAt, expiresAt, settings }, expiresAt);
      agents.push({ username: btid, password: nafKeyPassword(deriveKsNaf({ ks, rand, impi, nafId })), impu });
    }
  } finally {
    await store.close();
  }
  return agents;
}

function octetsOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
