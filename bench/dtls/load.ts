import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

import { ScenarioError } from '../../scenarios/support/errors.ts';
import { usageOf } from '../support/process-tree.ts';
import { threadMicroseconds } from '../support/thread-time.ts';
import { compiledWithOpenssl } from './programs.ts';
import type { EchoServer, Suite } from './servers.ts';

/** What one operation took of the server: all of it by the scheduler's books, the part in the kernel by ticks of 10 ms. */
export interface Cost {
  readonly cpuMicroseconds: number;
  readonly systemMicroseconds: number;
  readonly perSecond: number;
  readonly failed: number;
  /** Flights that the clients had to repeat. */
  readonly retransmissions: number;
}

export interface Idle {
  /** What memory grew by, over the number of associations. */
  readonly bytesOfEach: number;
  /** Handshakes that failed, and associations that did not answer after they had been idle. */
  readonly failed: number;
}

/** What load.c prints. */
interface Report {
  readonly done: number;
  readonly failed: number;
  readonly retransmissions: number;
  readonly answers: number;
  readonly lost: number;
  readonly wrong: number;
  readonly seconds: number;
}

/** Handshakes under way at a time. */
const WINDOW = 16;

/** How long a server gets for what came last. */
const REST_MILLISECONDS = 100;

/** Full handshakes, no limit to their rate but the window. */
export async function loadHandshakes(server: EchoServer, suite: Suite, count: number): Promise<Cost> {
  const before = timesOf(server);
  const load = await Load.start(['handshakes', server.port, suite.openssl, count, WINDOW, 0]);
  const report = await load.report();
  await load.end();
  await delay(REST_MILLISECONDS);
  const after = timesOf(server);
  return costOf(before, after, report.done, report.failed, report);
}

export interface Echoes {
  readonly associations: number;
  readonly records: number;
  readonly octets: number;
}

/** Records that come back, one under way on each association; handshakes are not counted. */
export async function loadEchoes(server: EchoServer, suite: Suite, echoes: Echoes): Promise<Cost> {
  const { associations, records, octets } = echoes;
  const load = await Load.start(['echo', server.port, suite.openssl, associations, records, octets, 0]);
  const begun = await load.report();
  await delay(REST_MILLISECONDS);
  const before = timesOf(server);
  load.goOn();
  const report = await load.report();
  const after = timesOf(server);
  await load.end();
  return costOf(before, after, report.answers, begun.failed + report.lost + report.wrong, report);
}

/** Sets associations up, lets all garbage be collected, and sees that each still answers. */
export async function loadIdle(server: EchoServer, suite: Suite, associations: number): Promise<Idle> {
  await server.settle();
  const before = usageOf(server.pid);
  const load = await Load.start(['hold', server.port, suite.openssl, associations, WINDOW]);
  const held = await load.report();
  await server.settle();
  const after = usageOf(server.pid);
  load.goOn();
  const report = await load.report();
  await load.end();
  return {
    bytesOfEach: (after.memoryBytes - before.memoryBytes) / held.done,
    failed: held.failed + held.lost + held.wrong + report.lost + report.wrong,
  };
}

interface Times {
  readonly cpuMicroseconds: number;
  readonly systemMicroseconds: number;
}

/** All three servers are one process, whose threads live as long as it does. */
function timesOf({ pid }: EchoServer): Times {
  return { cpuMicroseconds: threadMicroseconds(pid), systemMicroseconds: usageOf(pid).systemMicroseconds };
}

function costOf(
  before: Times,
  after: Times,
  operations: number,
  failed: number,
  { seconds, retransmissions }: Report,
): Cost {
  return {
    cpuMicroseconds: (after.cpuMicroseconds - before.cpuMicroseconds) / operations,
    systemMicroseconds: (after.systemMicroseconds - before.systemMicroseconds) / operations,
    perSecond: operations / seconds,
    failed,
    retransmissions,
  };
}

/** The load generator: it prints a report at the end of each of its steps, and begins the next when it is told to. */
class Load {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcessByStdio<Writable, Readable, null>) {
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  static async start(args: readonly (string | number)[]): Promise<Load> {
    const program = await compiledWithOpenssl('load');
    return new Load(spawn(program, args.map(String), { stdio: ['pipe', 'pipe', 'inherit'] }));
  }

  async report(): Promise<Report> {
    const line = await this.#lines.next();
    if (line.done === true) throw new ScenarioError('the load generator ended early');
    return JSON.parse(line.value) as Report;
  }

  goOn(): void {
    this.#child.stdin.end();
  }

  async end(): Promise<void> {
    if (this.#child.exitCode === null) await once(this.#child, 'close');
    if (this.#child.exitCode !== 0) throw new ScenarioError('the load generator failed');
  }
}
