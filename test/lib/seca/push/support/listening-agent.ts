import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { waitFor } from '../../../../support/dtls-agent.ts';

const MAIN = fileURLToPath(new URL('../../../../../lib/cli/main.ts', import.meta.url));

export type LogRecord = Readonly<Record<string, unknown>>;

export interface ListeningAgentOptions {
  /** For its files; those of an earlier agent in the same folder are used again. */
  readonly folder: string;
  /** Below `agent`. */
  readonly agent?: Readonly<Record<string, unknown>>;
  /** Below `agent.push`. */
  readonly push?: Readonly<Record<string, unknown>>;
  readonly arguments?: readonly string[];
}

/** `osgate agent listen` as a process, for the test subscriber, who never bootstraps. */
export class ListeningAgent {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';

  private constructor(child: ChildProcess) {
    this.child = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
  }

  /** Starts it, and waits for nothing. */
  static async spawn(options: ListeningAgentOptions): Promise<ListeningAgent> {
    const { folder, agent = {}, push = {} } = options;
    const file = join(folder, 'agent.yaml');
    await writeFile(file, JSON.stringify({ agent: { ...BASE, ...agent, push: { store: 'push.sqlite', ...push } } }));
    const parameters = ['agent', 'listen', '-c', file, ...(options.arguments ?? [])];
    return new ListeningAgent(spawn(process.execPath, [MAIN, ...parameters], { stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  /** Starts one that takes datagrams only, and waits until it listens. */
  static async overUdp(options: ListeningAgentOptions): Promise<ListeningAgent> {
    const push = { sip: false, udp: { port: 0 }, ...options.push };
    const agent = await ListeningAgent.spawn({ ...options, push, arguments: ['--json', ...(options.arguments ?? [])] });
    await agent.event('listening');
    return agent;
  }

  get log(): readonly LogRecord[] {
    return jsonLines(this.stderr);
  }

  /** What it printed of pushes with --json. */
  get pushes(): readonly LogRecord[] {
    return jsonLines(this.stdout);
  }

  get udpPort(): number {
    return Number(this.log.find(({ interface: name }) => name === 'push-udp')?.['port']);
  }

  /** The first record of an event, which may be still to come. */
  async event(event: string, accept: (record: LogRecord) => boolean = () => true): Promise<LogRecord> {
    return waitFor(
      `${event} in ${this.stderr}`,
      () => {
        if (this.child.exitCode !== null) throw new Error(`the agent has ended: ${this.stderr}`);
        return this.log.find((record) => record['event'] === event && accept(record));
      },
      20_000,
    );
  }

  async pushed(count: number): Promise<readonly LogRecord[]> {
    return waitFor(`${count} pushes`, () => (this.pushes.length >= count ? this.pushes : undefined), 20_000);
  }

  /** The exit status. */
  async ended(): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'close');
    return this.child.exitCode;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return this.child.exitCode;
    // Programs that it has started may hold its output after a SIGKILL.
    const ended = signal === 'SIGKILL' ? once(this.child, 'exit').then(() => null) : this.ended();
    this.child.kill(signal);
    return ended;
  }

  /** What it had counted at its end. */
  get counters(): LogRecord {
    return this.log.find(({ event }) => event === 'push-counters') ?? {};
  }
}

const BASE = {
  impi: 'alice@home1.example',
  publicIdentity: 'sip:alice@home1.example',
  usim: { k: '465b5ce8b199b49faa5f0a2ee238a6bc', opc: 'cd63cb71954a9f4e48a5994e37a02baf', sqnFile: 'alice.sqn' },
  gateway: 'sip:127.0.0.1',
  gatewayFqdn: 'osg.example.com',
};

function jsonLines(text: string): readonly LogRecord[] {
  const complete = text.slice(0, text.lastIndexOf('\n') + 1);
  return complete
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as LogRecord);
}
