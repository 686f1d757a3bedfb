import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { Pool } from 'undici';

import { ScenarioError } from '../../scenarios/support/errors.ts';
import { scenarioSubscriber } from '../../scenarios/support/subscribers.ts';
import { usageOf } from '../support/process-tree.ts';
import { median, percentile, printFigure, progress } from '../support/report.ts';
import { PushGateway, TOKEN } from './gateway.ts';
import { clock, type AgentsReport } from './protocol.ts';

export interface PushBenchOptions {
  readonly agents: number;
  readonly rounds: number;
  /** In each round as fast as it goes, and then at a rate that leaves the machine half idle. */
  readonly pushes: number;
  readonly perSecond: number;
}

/** Pushes that the initiator has handed in and that have not come to their application. */
const WINDOW = 128;
const CONNECTIONS = 16;
/** Bounds what a broken gateway makes us wait. */
const PATIENCE_MILLISECONDS = 60_000;

const AGENTS = fileURLToPath(new URL('agents.ts', import.meta.url));

const CASES = [
  /** What most pushes of a subscriber are: under the NAF SA that an earlier one has made. */
  { name: 'push', dispatch: {} },
  /** The first one to a subscriber, and every one after keys have ended: AKA in key centre and card. */
  { name: 'push.new_gpi', dispatch: { keyLifetimeSeconds: 600, minimumKeyRestMilliseconds: 3_600_000 } },
] as const;

interface Round {
  readonly perSecond: number;
  readonly cpuMicroseconds: number;
  readonly systemMicroseconds: number;
}

/** Pushes from HTTP hand-in to the agents' application over DTLS, and what they take of the gateway with its key centre. */
export async function benchPush(options: PushBenchOptions): Promise<void> {
  for (const { name, dispatch } of CASES) {
    const gateway = await PushGateway.start(options.agents, dispatch);
    const agents = await Agents.open(options.agents, gateway.agentsPort);
    const initiator = new Initiator(gateway.url, options.agents);
    try {
      progress(`${name}: ${options.agents} agents have DTLS flows`);
      // One for each: in the first case it makes the NAF SAs, in both code is compiled.
      await runAtFullSpeed(gateway, agents, initiator, options.agents * 2);
      const rounds: Round[] = [];
      const latencies: number[] = [];
      for (let round = 0; round < options.rounds; round++) {
        const result = await runAtFullSpeed(gateway, agents, initiator, options.pushes);
        const paced = await runPaced(agents, initiator, Math.ceil(options.pushes / 4), options.perSecond);
        progress(JSON.stringify({ ...result, p50: median(paced), p99: percentile(paced, 0.99) }));
        rounds.push(result);
        latencies.push(...paced);
      }
      const cpu = median(rounds.map(({ cpuMicroseconds }) => cpuMicroseconds));
      const figures: readonly (readonly [string, string, number])[] = [
        ['per_s', '1/s', median(rounds.map(({ perSecond }) => perSecond))],
        ['cpu_us', 'us', cpu],
        ['system_us', 'us', median(rounds.map(({ systemMicroseconds }) => systemMicroseconds))],
        ['per_s_a_core', '1/s', 1e6 / cpu],
        ['p50_ms', 'ms', median(latencies)],
        ['p99_ms', 'ms', percentile(latencies, 0.99)],
      ];
      for (const [figure, unit, osgate] of figures) printFigure({ name: `${name}.${figure}`, unit, osgate });
    } finally {
      await initiator.close();
      await agents.close();
      await gateway.stop();
    }
  }
}

/** As fast as it goes with so many under way. */
async function runAtFullSpeed(
  gateway: PushGateway,
  agents: Agents,
  initiator: Initiator,
  count: number,
): Promise<Round> {
  const { pid } = gateway.process;
  const before = usageOf(pid);
  const begun = performance.now();
  let arrived = 0;
  let sent = 0;
  const end = begun + PATIENCE_MILLISECONDS;
  const underWay = new Set<Promise<void>>();
  while (arrived < count) {
    while (sent < count && sent - arrived < WINDOW) {
      sent++;
      const work = initiator.push().finally(() => underWay.delete(work));
      underWay.add(work);
    }
    await Promise.race([...underWay, delay(2)]);
    arrived += (await agents.report()).length;
    if (performance.now() > end) throw new ScenarioError(`${arrived} of ${count} pushes arrived`);
  }
  const seconds = (performance.now() - begun) / 1000;
  await Promise.all(underWay);
  const after = usageOf(pid);
  return {
    perSecond: count / seconds,
    cpuMicroseconds: (after.cpuMicroseconds - before.cpuMicroseconds) / count,
    systemMicroseconds: (after.systemMicroseconds - before.systemMicroseconds) / count,
  };
}

/** Milliseconds from hand-in to application at that rate. */
async function runPaced(
  agents: Agents,
  initiator: Initiator,
  count: number,
  perSecond: number,
): Promise<readonly number[]> {
  const begun = performance.now();
  const pushes: Promise<void>[] = [];
  for (let number = 0; number < count; number++) {
    const wait = begun + (number * 1000) / perSecond - performance.now();
    if (wait > 0) await delay(wait);
    pushes.push(initiator.push());
  }
  await Promise.all(pushes);
  const latencies: number[] = [];
  const end = performance.now() + PATIENCE_MILLISECONDS;
  while (latencies.length < count) {
    latencies.push(...(await agents.report()));
    if (performance.now() > end) throw new ScenarioError(`${latencies.length} of ${count} pushes arrived`);
    await delay(20);
  }
  return latencies;
}

/** The process with the agents. */
class Agents {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async open(count: number, port: number): Promise<Agents> {
    const agents = new Agents(fork(AGENTS));
    await agents.#ask({ port, count });
    return agents;
  }

  /** Latencies of what has arrived since the last report. */
  async report(): Promise<readonly number[]> {
    const report = await this.#ask('report');
    if (report.event !== 'report') throw new ScenarioError('the agents said something else');
    if (report.duplicates > 0) progress(`${report.duplicates} pushes came twice to an agent`);
    return report.latencies;
  }

  async close(): Promise<void> {
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }

  async #ask(order: unknown): Promise<AgentsReport> {
    const answer = once(this.#child, 'message') as Promise<[AgentsReport]>;
    this.#child.send(order as object);
    const [report] = await answer;
    return report;
  }
}

/** Hands pushes in by the JSON API, to one agent after the other. */
class Initiator {
  readonly #pool: Pool;
  readonly #agents: number;
  #next = 0;

  constructor(url: string, agents: number) {
    this.#pool = new Pool(url, { connections: CONNECTIONS });
    this.#agents = agents;
  }

  async push(): Promise<void> {
    const { impu } = scenarioSubscriber(this.#next++ % this.#agents);
    const { statusCode, body } = await this.#pool.request({
      method: 'POST',
      path: '/pushes',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        recipient: { type: 'impu', value: impu },
        contentType: 'text/plain',
        content: String(clock()),
      }),
    });
    const text = await body.text();
    if (statusCode !== 202) throw new ScenarioError(`a push was answered ${statusCode}: ${text}`);
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}
