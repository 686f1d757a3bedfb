import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { ScenarioError } from '../../scenarios/support/errors.ts';
import { freePort } from '../../scenarios/support/free-port.ts';
import { MemorySampler } from '../support/memory-sampler.ts';
import { usageOf } from '../support/process-tree.ts';
import { progress } from '../support/report.ts';
import type { Edge } from './edges.ts';
import { LatencyProbe } from './latency-probe.ts';

const SCENARIOS = fileURLToPath(new URL('./', import.meta.url));

const MEMORY_INTERVAL_MILLISECONDS = 500;

export interface Load {
  /** Name of a file in bench/sip, without .xml. */
  readonly scenario: string;
  readonly calls: number;
  readonly callsPerSecond: number;
  /** Sends a MESSAGE every 10 ms beside the load; its exchanges count as the load does. */
  readonly probe?: boolean;
}

export interface Measurement {
  readonly cpuMicrosecondsPerCall: number;
  readonly systemMicrosecondsPerCall: number;
  /** How much of one core the edge used while the load lasted. */
  readonly cores: number;
  /** The calls that SIPp really made in a second. */
  readonly achievedCallsPerSecond: number;
  /** Of the probe; not a number without one. */
  readonly milliseconds: readonly number[];
  /** The largest proportional set size of the edge under the load. */
  readonly memoryBytes: number;
  readonly failedCalls: number;
}

/** Puts a load of SIPp on an edge and measures the edge alone, by the kernel's books. */
export async function measure(edge: Edge, load: Load, folder: string): Promise<Measurement> {
  const port = await freePort();
  const statistics = join(folder, `${load.scenario}-${port}.csv`);
  const errors = join(folder, `${load.scenario}-${port}.errors`);
  const memory = new MemorySampler(edge.pid, 'proportional', MEMORY_INTERVAL_MILLISECONDS);
  const before = usageOf(edge.pid);
  const startedAt = performance.now();
  const child = sipp(folder, load.scenario, port, [
    `127.0.0.1:${edge.port}`,
    ...['-inf', edge.agentsCsv, '-m', String(load.calls), '-r', String(load.callsPerSecond), '-l', '10000'],
    // A challenge without state is made anew for each retransmission of the request. A client transaction absorbs the late
    // one; SIPp would give the call up. What is really refused ends by the timeout, and counts as failed.
    ...['-default_behaviors', 'all,-abortunexp'],
    ...['-trace_stat', '-stf', statistics, '-trace_err', '-error_file', errors, '-recv_timeout', '20000'],
    ...['-timeout', `${Math.ceil(load.calls / load.callsPerSecond) + 60}s`],
  ]);
  const probe = load.probe === true ? await LatencyProbe.start(edge) : undefined;
  const [code] = (await once(child, 'close')) as [number | null];
  const seconds = (performance.now() - startedAt) / 1000;
  await probe?.stop();
  const after = usageOf(edge.pid);
  await memory.stop();
  // SIPp exits with 1 when a call failed, and with something else when it could not work at all.
  if (code !== 0 && code !== 1) throw new ScenarioError(`SIPp ended with ${code}`);
  const failedCalls = load.calls - (await successfulCalls(statistics));
  if (failedCalls > 0) progress(`${failedCalls} calls failed, such as: ${await firstFailure(errors)}`);
  const milliseconds = probe?.milliseconds ?? [];
  // An exchange of the probe is one without a challenge, a little less than a call; they are one call in twenty at most.
  const calls = load.calls + milliseconds.length;
  const cpuMicroseconds = after.cpuMicroseconds - before.cpuMicroseconds;
  return {
    cpuMicrosecondsPerCall: cpuMicroseconds / calls,
    systemMicrosecondsPerCall: (after.systemMicroseconds - before.systemMicroseconds) / calls,
    cores: cpuMicroseconds / 1e6 / seconds,
    achievedCallsPerSecond: load.calls / seconds,
    milliseconds,
    memoryBytes: memory.peak,
    failedCalls: failedCalls + (probe?.failed ?? 0),
  };
}

/** SIPp as application server, until it is told to stop. */
export class Server {
  readonly #child: ChildProcess;

  constructor(folder: string, scenario: string, port: number) {
    this.#child = sipp(folder, scenario, port, []);
  }

  async stop(): Promise<void> {
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await closed;
  }
}

function sipp(folder: string, scenario: string, port: number, args: readonly string[]): ChildProcess {
  const common = ['-sf', `${SCENARIOS}${scenario}.xml`, '-i', '127.0.0.1', '-p', String(port), '-nostdin'];
  return spawn('sipp', [...args, ...common, '-buff_size', '4194304'], {
    cwd: folder,
    stdio: 'ignore',
    env: { ...process.env, TERM: 'dumb' },
  });
}

/** From the last line of the statistics that SIPp writes when it ends; the file is removed. */
async function successfulCalls(statistics: string): Promise<number> {
  const lines = (await readFile(statistics, 'utf8')).trim().split('\n');
  await rm(statistics);
  const column = (lines[0] ?? '').split(';').indexOf('SuccessfulCall(C)');
  const count = Number((lines.at(-1) ?? '').split(';')[column]);
  if (lines.length < 2 || Number.isNaN(count)) throw new ScenarioError('SIPp wrote no statistics');
  return count;
}

/** What SIPp says of the first call that it gave up, between much that it says of late answers. */
async function firstFailure(errors: string): Promise<string> {
  const text = await readFile(errors, 'utf8').catch(() => '');
  const start = Math.max(0, text.search(/Aborting|timeout|terminated/i));
  return text.slice(start, start + 600);
}
