import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { writeAgentsCsv } from '../../scenarios/support/agents-csv.ts';
import { ScenarioError } from '../../scenarios/support/errors.ts';
import { freeUdpPort } from '../../scenarios/support/sipp.ts';
import { scenarioSubscriber } from '../../scenarios/support/subscribers.ts';
import { System, type SystemOptions } from '../../scenarios/support/system.ts';

/** An edge under load: where agents reach it, who they are, and which process tree does the work. */
export interface Edge {
  readonly name: 'osgate' | 'kamailio';
  readonly pid: number;
  readonly port: number;
  /** CSV for SIPp, as scenarios/support/agents-csv.ts writes it. */
  readonly agents: string;
}

const AGENTS = 50;
const KAMAILIO_CONFIG = fileURLToPath(new URL('kamailio.cfg', import.meta.url));

/** Both edges in front of one and the same application server port, each with agents of its own. */
export class Edges {
  readonly osgate: Edge;
  readonly kamailio: Edge;
  readonly folder: string;
  readonly targetPort: number;
  readonly #system: System;
  readonly #kamailio: ChildProcess;

  private constructor(system: System, kamailio: ChildProcess, osgate: Edge, peer: Edge, targetPort: number) {
    this.#system = system;
    this.#kamailio = kamailio;
    this.osgate = osgate;
    this.kamailio = peer;
    this.folder = system.folder;
    this.targetPort = targetPort;
  }

  static async start(options: Partial<SystemOptions> = {}): Promise<Edges> {
    const targetPort = await freeUdpPort();
    const subscribers = Array.from({ length: AGENTS }, (_, number) => scenarioSubscriber(number));
    const system = await System.start({
      subscribers,
      logLevel: 'info',
      logRequests: 'none',
      // SIPp's one port stands for all agents: it must not be taken for one that sends too much.
      gateway: { admission: { known: { perSecond: 100_000, burst: 100_000 } } },
      // SIPp computes MD5 only.
      digest: { algorithms: ['MD5'], qop: ['auth'] },
      sec3: () => [{ name: 'bench', domains: ['example.com'], targets: [`sip:127.0.0.1:${targetPort}`] }],
      ...options,
    });
    try {
      const { path, agents } = await writeAgentsCsv(system, subscribers);
      const osgate: Edge = { name: 'osgate', pid: system.gateway.pid, port: system.gatewayPort, agents: path };
      const port = await freeUdpPort();
      const child = await startKamailio(system.folder, port, targetPort, agents);
      const { pid } = child;
      if (pid === undefined) throw new ScenarioError('Kamailio did not start');
      const kamailio: Edge = { name: 'kamailio', pid, port, agents: path };
      return new Edges(system, child, osgate, kamailio, targetPort);
    } catch (error) {
      await system.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    const ended = once(this.#kamailio, 'close');
    this.#kamailio.kill('SIGTERM');
    await ended;
    await this.#system.stop();
  }
}

/** Starts Kamailio in the foreground and waits until it can take messages. */
async function startKamailio(
  folder: string,
  port: number,
  targetPort: number,
  agents: readonly { readonly username: string; readonly password: string; readonly impu: string }[],
): Promise<ChildProcess> {
  const users = join(folder, 'kamailio-users.cfg');
  const assignments = agents.flatMap(({ username, password, impu }) => [
    `  $sht(users=>${username}) = "${password}";`,
    `  $sht(identities=>${username}) = "${impu}";`,
  ]);
  await writeFile(users, ['event_route[htable:mod-init] {', ...assignments, '}', ''].join('\n'), { mode: 0o600 });
  const config = join(folder, 'kamailio.cfg');
  const template = await readFile(KAMAILIO_CONFIG, 'utf8');
  await writeFile(
    config,
    template
      .replaceAll('USERS_FILE', users)
      .replaceAll('LISTEN_PORT', String(port))
      .replaceAll('TARGET_PORT', String(targetPort)),
  );
  // 64 MB, the default, do not hold the transactions of five seconds.
  const args = ['-m', '512', '-f', config, '-DD', '-E', '-w', folder, '-P', join(folder, 'kamailio.pid'), '-Y', folder];
  const child = spawn('kamailio', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4000);
  });
  const deadline = Date.now() + 20_000;
  while (!(await isBound(port))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new ScenarioError(`Kamailio did not start:\n${said}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return child;
}

/** True when some process has a UDP socket on that port of 127.0.0.1. */
async function isBound(port: number): Promise<boolean> {
  const wanted = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const table = await readFile('/proc/net/udp', 'utf8');
  return table.includes(wanted);
}
