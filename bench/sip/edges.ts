import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { writeAgentsCsv, type AgentsCsv } from '../../scenarios/support/agents-csv.ts';
import { freePort } from '../../scenarios/support/free-port.ts';
import { Kamailio } from '../../scenarios/support/kamailio.ts';
import { scenarioSubscriber } from '../../scenarios/support/subscribers.ts';
import { System, type SystemOptions } from '../../scenarios/support/system.ts';

/** An edge under load: where agents reach it, who they are, and which process tree does the work. */
export interface Edge {
  readonly name: 'osgate' | 'kamailio';
  readonly pid: number;
  readonly port: number;
  /** CSV for SIPp, as scenarios/support/agents-csv.ts writes it. */
  readonly agentsCsv: string;
  readonly agents: AgentsCsv['agents'];
}

export interface EdgesOptions {
  /** Processes that do the work; osgate's default and one child of Kamailio where absent. */
  readonly workers?: number;
  readonly system?: Partial<SystemOptions>;
}

const AGENTS = 50;

/** Both edges in front of one and the same application server port. */
export class Edges {
  readonly osgate: Edge;
  readonly kamailio: Edge;
  readonly folder: string;
  readonly targetPort: number;
  readonly #system: System;
  readonly #kamailio: Kamailio;

  private constructor(system: System, kamailio: Kamailio, agents: AgentsCsv, targetPort: number) {
    this.#system = system;
    this.#kamailio = kamailio;
    const known = { agentsCsv: agents.path, agents: agents.agents };
    this.osgate = { name: 'osgate', pid: system.gateway.pid, port: system.gatewayPort, ...known };
    this.kamailio = { name: 'kamailio', pid: kamailio.pid, port: kamailio.port, ...known };
    this.folder = system.folder;
    this.targetPort = targetPort;
  }

  static async start({ workers, system: options }: EdgesOptions = {}): Promise<Edges> {
    const targetPort = await freePort();
    const subscribers = Array.from({ length: AGENTS }, (_, number) => scenarioSubscriber(number));
    const system = await System.start({
      subscribers,
      logLevel: 'info',
      logRequests: 'none',
      // SIPp's one port stands for all agents: it must not be taken for one that sends too much.
      gateway: {
        admission: { known: { perSecond: 100_000, burst: 100_000 } },
        ...(workers === undefined ? {} : { workers }),
      },
      // SIPp computes MD5 only.
      // Every call of SIPp has a nonce of its own; what is kept of those is flat after a minute.
      digest: { algorithms: ['MD5'], qop: ['auth'], nonceLifetimeSeconds: 60 },
      sec3: () => [{ name: 'bench', domains: ['example.com'], targets: [`sip:127.0.0.1:${targetPort}`] }],
      ...options,
    });
    try {
      const agents = await writeAgentsCsv(system, subscribers);
      const kamailio = await Kamailio.start({
        template: new URL('kamailio.cfg', import.meta.url),
        folder: system.folder,
        port: await freePort(),
        values: {
          TARGET_PORT: String(targetPort),
          CHILDREN: String(workers ?? 1),
          USERS_FILE: await writeUsers(system.folder, agents.agents),
        },
        // 64 MB, the default, do not hold the transactions of five seconds.
        sharedMemoryMegabytes: 512,
      });
      return new Edges(system, kamailio, agents, targetPort);
    } catch (error) {
      await system.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.#kamailio.stop();
    await this.#system.stop();
  }
}

/** The hash tables of kamailio.cfg. */
async function writeUsers(folder: string, agents: AgentsCsv['agents']): Promise<string> {
  const users = join(folder, 'kamailio-users.cfg');
  const assignments = agents.flatMap(({ username, password, impu }) => [
    `  $sht(users=>${username}) = "${password}";`,
    `  $sht(identities=>${username}) = "${impu}";`,
  ]);
  await writeFile(users, ['event_route[htable:mod-init] {', ...assignments, '}', ''].join('\n'), { mode: 0o600 });
  return users;
}
