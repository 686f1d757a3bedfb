import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface SippRun {
  /** Name of a file in scenarios/sipp, without .xml. */
  readonly scenario: string;
  /** Another file with the scenario. */
  readonly file?: string;
  /** Where SIPp writes its files. */
  readonly folder: string;
  readonly localPort: number;
  /** One socket for all calls, over UDP where absent. */
  readonly transport?: 'udp' | 'tcp';
  /** host:port; absent for a server. */
  readonly remote?: string;
  /** CSV of agents (see agents-csv.ts). */
  readonly agents?: string;
  readonly calls: number;
  readonly callsPerSecond: number;
  /** Calls open at once. */
  readonly limit?: number;
  readonly timeoutSeconds: number;
}

export interface SippResult {
  readonly ok: boolean;
  /** What SIPp had to complain about. */
  readonly errors: string;
}

const SCENARIOS = fileURLToPath(new URL('../sipp/', import.meta.url));

/** The file of a scenario in scenarios/sipp. */
export function scenarioFile(name: string): string {
  return `${SCENARIOS}${name}.xml`;
}

/** Runs the real SIPp (Debian sip-tester) once; it ends by itself after its calls or its time. */
export async function runSipp(run: SippRun): Promise<SippResult> {
  const errorFile = join(run.folder, `${run.scenario}-${run.localPort}.errors`);
  const args = [
    ...(run.remote === undefined ? [] : [run.remote]),
    ...['-sf', run.file ?? scenarioFile(run.scenario)],
    ...(run.transport === 'tcp' ? ['-t', 't1'] : []),
    ...(run.agents === undefined ? [] : ['-inf', run.agents]),
    ...['-i', '127.0.0.1', '-p', String(run.localPort), '-nostdin', '-trace_err', '-error_file', errorFile],
    ...['-m', String(run.calls), '-r', String(run.callsPerSecond), '-l', String(run.limit ?? run.calls)],
    ...['-timeout', `${run.timeoutSeconds}s`, '-timeout_error', '-recv_timeout', '20000', '-buff_size', '4194304'],
  ];
  const child = spawn('sipp', args, { cwd: run.folder, stdio: 'ignore', env: { ...process.env, TERM: 'dumb' } });
  const ok = await new Promise<boolean>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      resolve(code === 0);
    });
  });
  const errors = await readFile(errorFile, 'utf8').catch(() => '');
  return { ok, errors: errors.slice(0, 2000) };
}
