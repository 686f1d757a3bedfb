import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createInterface } from 'node:readline';

import { ScenarioError } from './errors.ts';

/** One line of JSON that a process wrote. */
export type LogRecord = Readonly<Record<string, unknown>>;

export const OSGATE = fileURLToPath(new URL('../../lib/cli/main.ts', import.meta.url));
export const LOCATION_SERVER = fileURLToPath(new URL('../location-server/main.ts', import.meta.url));

/** How long a process may take to say that it listens, on a busy machine. */
const START_TIMEOUT_MILLISECONDS = 30_000;

/** A Node process of ours that writes JSON lines on standard output or standard error. */
export class NodeProcess {
  readonly name: string;
  readonly records: LogRecord[] = [];
  readonly #child: ChildProcess;
  readonly #exit: Promise<number>;
  readonly #listeners = new Set<(record: LogRecord) => void>();
  #errors = '';

  constructor(
    name: string,
    script: string,
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ) {
    this.name = name;
    this.#child = spawn(process.execPath, [script, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    const { stdout, stderr } = this.#child;
    if (stdout === null || stderr === null) throw new ScenarioError(`${name} has no output`);
    createInterface({ input: stdout }).on('line', (line) => {
      this.#take(line);
    });
    stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text;
    });
    // The log of a program that has its results on standard output.
    createInterface({ input: stderr }).on('line', (line) => {
      if (line.startsWith('{')) this.#take(line);
    });
    this.#exit = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        resolve(code ?? (signal === null ? -1 : 128));
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** What the process wrote on standard error. */
  get errors(): string {
    return this.#errors;
  }

  onRecord(listener: (record: LogRecord) => void): void {
    this.#listeners.add(listener);
  }

  /** The first record, past or to come, that fits. Rejects when the process ends or time is up before. */
  async waitFor(
    what: string,
    fits: (record: LogRecord) => boolean,
    timeout = START_TIMEOUT_MILLISECONDS,
  ): Promise<LogRecord> {
    const known = this.records.find(fits);
    if (known !== undefined) return known;
    let timer: NodeJS.Timeout | undefined;
    let listener: ((record: LogRecord) => void) | undefined;
    try {
      return await new Promise<LogRecord>((resolve, reject) => {
        const fail = (why: string): void => {
          reject(new ScenarioError(`${this.name}: ${why} before ${what}\n${this.#errors}`));
        };
        listener = (record) => {
          if (fits(record)) resolve(record);
        };
        this.#listeners.add(listener);
        timer = setTimeout(() => {
          fail(`${timeout} ms passed`);
        }, timeout);
        void this.#exit.then((code) => {
          fail(`ended with ${code}`);
        });
      });
    } finally {
      clearTimeout(timer);
      if (listener !== undefined) this.#listeners.delete(listener);
    }
  }

  /** Waits for the end and gives the exit status. */
  async exited(): Promise<number> {
    return this.#exit;
  }

  /** Sends SIGTERM and waits; SIGKILL when that does not end it in time. */
  async stop(timeout = 15_000): Promise<number> {
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => {
      this.#child.kill('SIGKILL');
    }, timeout);
    try {
      return await this.#exit;
    } finally {
      clearTimeout(timer);
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  #take(line: string): void {
    let record: unknown;
    try {
      record = JSON.parse(line);
    } catch {
      record = { text: line };
    }
    if (typeof record !== 'object' || record === null) return;
    this.records.push(record as LogRecord);
    for (const listener of this.#listeners) listener(record as LogRecord);
  }
}

/** The port in a `listening` record. */
export function portOf(record: LogRecord): number {
  const { port } = record;
  if (typeof port !== 'number') throw new ScenarioError(`no port in ${JSON.stringify(record)}`);
  return port;
}
