import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { ScenarioError } from '../../scenarios/support/errors.ts';
import { freeUdpPort } from '../../scenarios/support/sipp.ts';
import { usageOf } from '../support/process-tree.ts';
import { percentile } from '../support/report.ts';
import type { Edge } from './edges.ts';

const SCENARIOS = fileURLToPath(new URL('./', import.meta.url));

export interface Load {
  /** Name of a file in bench/sip, without .xml. */
  readonly scenario: string;
  readonly calls: number;
  readonly callsPerSecond: number;
}

export interface Measurement {
  readonly cpuMicrosecondsPerCall: number;
  readonly systemMicrosecondsPerCall: number;
  readonly p50Milliseconds: number;
  readonly p99Milliseconds: number;
  /** Proportional set size of the edge right after the load. */
  readonly memoryBytes: number;
  readonly failedCalls: number;
}

/** Puts a load of SIPp on an edge and measures the edge alone, by the kernel's books. */
export async function measure(edge: Edge, load: Load, folder: string): Promise<Measurement> {
  const port = await freeUdpPort();
  const before = usageOf(edge.pid);
  const child = sipp(folder, load.scenario, port, [
    `127.0.0.1:${edge.port}`,
    ...['-inf', edge.agents, '-m', String(load.calls), '-r', String(load.callsPerSecond), '-l', '10000'],
    ...['-trace_rtt', '-rtt_freq', '100', '-recv_timeout', '20000', '-trace_err', '-error_file', '/tmp/sipp.err'],
    ...['-timeout', `${Math.ceil(load.calls / load.callsPerSecond) + 60}s`],
  ]);
  const [code] = (await once(child, 'close')) as [number | null];
  const after = usageOf(edge.pid);
  // SIPp exits with 1 when a call failed, and with something else when it could not work at all.
  if (code !== 0 && code !== 1) throw new ScenarioError(`SIPp ended with ${code}`);
  const times = await responseTimes(folder, load.scenario, child.pid ?? 0);
  return {
    cpuMicrosecondsPerCall: (after.cpuMicroseconds - before.cpuMicroseconds) / load.calls,
    systemMicrosecondsPerCall: (after.systemMicroseconds - before.systemMicroseconds) / load.calls,
    p50Milliseconds: percentile(times, 0.5),
    p99Milliseconds: percentile(times, 0.99),
    memoryBytes: after.memoryBytes,
    failedCalls: load.calls - times.length,
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

/** Milliseconds from the file that -trace_rtt writes into the working folder; it is removed. */
async function responseTimes(folder: string, scenario: string, pid: number): Promise<number[]> {
  const name = (await readdir(folder)).find((file) => file === `${scenario}_${pid}_rtt.csv`);
  if (name === undefined) throw new ScenarioError('SIPp wrote no response times');
  const lines = (await readFile(join(folder, name), 'utf8')).trim().split('\n').slice(1);
  await rm(join(folder, name));
  return lines.map((line) => Number(line.split(';')[1]));
}
