import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { stringify } from 'yaml';

import { SecretKey, SubscriberDatabase } from '../../../../kmc/index.ts';
import { freePort } from '../../../../scenarios/support/free-port.ts';
import { NodeProcess, OSGATE, portOf } from '../../../../scenarios/support/node-process.ts';
import { scenarioSubscriber } from '../../../../scenarios/support/subscribers.ts';

const TOKEN = 'killer-0123456789abcdef';
const GATEWAY_FQDN = 'osg.example.com';
const KEY = Buffer.alloc(32, 0x5c);

/** Reads a line and appends it to a file; built into the shell, so that a push costs one process. */
const APPEND = 'read -r line && echo "$line" >> "$0"';

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * A gateway process with the key centre in it, agents as processes whose application appends to a file, and an initiator that
 * speaks the JSON API. The gateway may be killed and started again; everything else lives on.
 */
export class KillWorld {
  readonly folder: string;
  readonly agents: readonly NodeProcess[];
  /** One for each agent, and then one whom nobody answers for. */
  readonly recipients: readonly string[];
  readonly #file: string;
  readonly #url: string;
  readonly #environment: Readonly<Record<string, string>>;

  private constructor(parts: {
    folder: string;
    agents: readonly NodeProcess[];
    recipients: readonly string[];
    url: string;
    environment: Readonly<Record<string, string>>;
  }) {
    this.folder = parts.folder;
    this.agents = parts.agents;
    this.recipients = parts.recipients;
    this.#file = join(parts.folder, 'application.txt');
    this.#url = parts.url;
    this.#environment = parts.environment;
  }

  static async open(agentCount: number): Promise<KillWorld> {
    const folder = await mkdtemp(join(tmpdir(), 'osgate-push-kill-'));
    // Half of the time of a start goes into compiling what was compiled before.
    const environment = { NODE_COMPILE_CACHE: join(folder, 'compiled') };
    const agents: NodeProcess[] = [];
    try {
      const subscribers = Array.from({ length: agentCount + 1 }, (_, number) => scenarioSubscriber(number));
      const database = SubscriberDatabase.open(join(folder, 'subscribers.db'), new SecretKey(KEY));
      for (const { impi, impu, k, opc } of subscribers) {
        const keys = { k: Buffer.from(k, 'hex'), opc: Buffer.from(opc, 'hex'), amf: Buffer.alloc(2) };
        database.add({ impi, impus: [impu], ...keys, sqn: 0n, settings: { bsfInfo: {}, ussList: [] } });
      }
      database.close();
      await writeFile(join(folder, 'application.txt'), '');
      for (const [number, subscriber] of subscribers.slice(0, agentCount).entries()) {
        agents.push(await startAgent(folder, number, subscriber, environment));
      }
      const ports = await Promise.all(agents.map(udpPortOf));
      const port = await freePort();
      const config = gatewayConfig(
        port,
        subscribers.map(({ impu }, number) => ({ recipient: impu, udp: `127.0.0.1:${ports[number] ?? 9}` })),
        await freePort(),
      );
      await writeFile(join(folder, 'gateway.yaml'), stringify(config), { mode: 0o600 });
      await writeFile(join(folder, 'initiator.token'), `${TOKEN}\n`, { mode: 0o600 });
      await writeFile(join(folder, 'secret.key'), KEY.toString('hex'), { mode: 0o600 });
      const recipients = subscribers.map(({ impu }) => impu);
      return new KillWorld({ folder, agents, recipients, url: `http://127.0.0.1:${port}`, environment });
    } catch (error) {
      await Promise.all(agents.map((agent) => agent.stop()));
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  startGateway(): NodeProcess {
    return new NodeProcess('gateway', OSGATE, ['gateway', '-c', join(this.folder, 'gateway.yaml')], this.#environment);
  }

  /** Hands a push in; undefined when no answer came. */
  async push(id: string, recipient: string, lifetimeMilliseconds: number): Promise<Answer | undefined> {
    const body = JSON.stringify({
      id,
      recipient: { type: 'impu', value: recipient },
      contentType: 'text/plain',
      content: `${id}\n`,
      deliverBefore: new Date(Date.now() + lifetimeMilliseconds).toISOString(),
    });
    return this.#ask('/pushes', { method: 'POST', body });
  }

  async status(id: string): Promise<Answer | undefined> {
    return this.#ask(`/pushes/${id}`, {});
  }

  /** What applications have got: each id as often as it came. */
  async applicationHas(): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    for (const id of (await readFile(this.#file, 'utf8')).split('\n').slice(0, -1)) {
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    return counts;
  }

  /** Ends the agents, and gives what all of them together have counted under a name. */
  async stopAgents(): Promise<(counter: string) => number> {
    await Promise.all(this.agents.map((agent) => agent.stop()));
    const lines = this.agents.flatMap(({ errors }) => errors.split('\n'));
    const counted = lines
      .filter((line) => line.includes('"push-counters"'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    return (counter) => counted.reduce((sum, counters) => sum + Number(counters[counter] ?? 0), 0);
  }

  async close(): Promise<void> {
    await Promise.all(this.agents.map((agent) => agent.stop()));
    await rm(this.folder, { recursive: true, force: true });
  }

  async #ask(path: string, init: RequestInit): Promise<Answer | undefined> {
    try {
      const response = await fetch(this.#url + path, {
        ...init,
        headers: {
          ...(init.body === undefined ? {} : { 'content-type': 'application/json' }),
          authorization: `Bearer ${TOKEN}`,
        },
        signal: AbortSignal.timeout(20_000),
      });
      return { status: response.status, body: (await response.json()) as Answer['body'] };
    } catch {
      return undefined;
    }
  }
}

async function startAgent(
  folder: string,
  number: number,
  { impi, impu, k, opc }: ReturnType<typeof scenarioSubscriber>,
  environment: Readonly<Record<string, string>>,
): Promise<NodeProcess> {
  const config = {
    log: { level: 'info', format: 'json' },
    agent: {
      impi,
      publicIdentity: impu,
      usim: { k, opc, sqnFile: `agent-${number}.sqn` },
      // Never asked: these agents do not bootstrap.
      ub: { url: 'http://127.0.0.1:9/' },
      gateway: 'sip:127.0.0.1:9',
      gatewayFqdn: GATEWAY_FQDN,
      keyCache: `agent-${number}.keys`,
      push: {
        sip: false,
        udp: { host: '127.0.0.1', port: 0 },
        store: `agent-${number}.sqlite`,
        command: ['/bin/sh', '-c', APPEND, join(folder, 'application.txt')],
      },
    },
  };
  const path = join(folder, `agent-${number}.yaml`);
  await writeFile(path, stringify(config), { mode: 0o600 });
  return new NodeProcess('agent', OSGATE, ['agent', 'listen', '-c', path], environment);
}

/** The agent's log is on standard error. */
async function udpPortOf(agent: NodeProcess): Promise<number> {
  const end = Date.now() + 90_000;
  while (Date.now() < end) {
    const line = agent.errors.split('\n').find((candidate) => candidate.includes('"push-udp"'));
    if (line !== undefined) return portOf(JSON.parse(line) as Record<string, unknown>);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the agent does not listen: ${agent.errors}`);
}

function gatewayConfig(port: number, addresses: readonly object[], udpPort: number): object {
  return {
    log: { level: 'info', format: 'json' },
    kmc: {
      domain: 'bsf.mnc001.mcc001.pub.3gppnetwork.org',
      subscribers: { database: 'subscribers.db', secretKey: { file: 'secret.key' } },
      // Each kill makes new keys for everybody: here more often than ever elsewhere.
      bootstrapping: { challengeBurst: 100_000, challengesPerSecond: 1000 },
    },
    gateway: {
      keyCentre: { type: 'embedded' },
      secret: { file: 'secret.key' },
      sec1: {
        sip: [
          {
            name: 'agents',
            host: '127.0.0.1',
            port: 0,
            fqdn: GATEWAY_FQDN,
            authenticators: [{ type: 'trusted', peers: ['127.0.0.1/32'] }],
          },
        ],
      },
      sec3: { sip: [] },
      push: {
        queue: { path: 'queue.sqlite', maximumPushesOfSubscriber: 10_000 },
        associations: { path: 'associations.sqlite' },
        dispatch: { receiptTimeoutMilliseconds: 1000, initialRetryMilliseconds: 100, maximumRetryMilliseconds: 500 },
        initiators: {
          fqdn: 'push.example.com',
          port,
          initiators: [
            {
              name: 'killer',
              token: { file: 'initiator.token' },
              recipients: ['*'],
              burst: 10_000,
              perSecond: 10_000,
              maximumOpenPushes: 100_000,
            },
          ],
        },
        addresses,
        carriers: [{ type: 'udp', host: '127.0.0.1', port: udpPort, retransmitMilliseconds: 100 }],
      },
    },
  };
}
