import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

import type { PushApplication, PushContent } from '../../../push/index.ts';

type Outcome = Awaited<ReturnType<PushApplication>>;

export interface CommandApplicationOptions {
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** Then the program is ended. */
  readonly timeoutMilliseconds: number;
  /** Programs at once; more wait. */
  readonly concurrency: number;
  /** The program could not be run, or did not come to an end by itself; never what is in the push. */
  readonly onTrouble?: (id: string, trouble: string) => void;
}

/** EX_TEMPFAIL of sysexits.h. */
const TRY_AGAIN = 75;

/** Between the request to end and the end. */
const KILL_AFTER_MILLISECONDS = 1000;

/** Hands each push to a program of the operator's: the content on standard input, what is known of it in the environment. */
export class CommandApplication {
  readonly #options: CommandApplicationOptions;
  readonly #running = new Set<ChildProcess>();
  readonly #waiting: (() => void)[] = [];
  #turns: number;
  #isClosed = false;

  constructor(options: CommandApplicationOptions) {
    this.#options = options;
    this.#turns = options.concurrency;
  }

  /** Exit status 0: the program has it. 75, a signal, or too long: to be tried again. Others: it never wants it. */
  readonly application: PushApplication = async (content, gateway) => {
    if (this.#turns > 0) this.#turns--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return this.#isClosed ? 'failed' : await this.#run(content, gateway);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#turns++;
      else next();
    }
  };

  /** Ends what runs, and takes nothing more. */
  close(): void {
    this.#isClosed = true;
    for (const child of this.#running) this.#end(child);
  }

  async #run(content: PushContent, gateway: string): Promise<Outcome> {
    const { command, timeoutMilliseconds } = this.#options;
    const [program = '', ...parameters] = command;
    let child: ChildProcess;
    try {
      child = spawn(program, parameters, {
        // In a group of its own, which can be ended whole, and which Ctrl-C does not reach.
        detached: true,
        env: { ...process.env, ...facts(content, gateway) },
        stdio: ['pipe', 'inherit', 'inherit'],
      });
    } catch (error) {
      return this.#trouble(content, error instanceof Error ? error.message : String(error));
    }
    this.#running.add(child);
    const timer = setTimeout(() => {
      this.#options.onTrouble?.(content.id, 'it took too long');
      this.#end(child);
    }, timeoutMilliseconds);
    // A program that does not read everything is free to do so.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(content.content);
    try {
      const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
      if (signal !== null) return this.#trouble(content, `it was ended by ${signal}`);
      if (code === 0) return 'delivered';
      return code === TRY_AGAIN ? 'failed' : 'refused';
    } catch (error) {
      return this.#trouble(content, error instanceof Error ? error.message : String(error));
    } finally {
      clearTimeout(timer);
      this.#running.delete(child);
    }
  }

  #trouble({ id }: PushContent, trouble: string): Outcome {
    this.#options.onTrouble?.(id, trouble);
    return 'failed';
  }

  #end(child: ChildProcess): void {
    signalGroup(child, 'SIGTERM');
    setTimeout(() => {
      if (this.#running.has(child)) signalGroup(child, 'SIGKILL');
    }, KILL_AFTER_MILLISECONDS).unref();
  }
}

function facts(
  { id, type, applicationId, messageClass, deliverBefore }: PushContent,
  gateway: string,
): NodeJS.ProcessEnv {
  const date = new Date(deliverBefore);
  return {
    OSGATE_PUSH_ID: id,
    OSGATE_PUSH_CONTENT_TYPE: type,
    OSGATE_PUSH_APPLICATION: applicationId ?? '',
    OSGATE_PUSH_CLASS: messageClass ?? '',
    OSGATE_PUSH_GATEWAY: gateway,
    OSGATE_PUSH_DELIVER_BEFORE: Number.isNaN(date.getTime()) ? '' : date.toISOString(),
  };
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended.
  }
}
