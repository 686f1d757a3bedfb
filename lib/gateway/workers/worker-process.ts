import { spawn, type ChildProcess } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

import { OsgateError } from '../../errors.ts';
import type { Question, Questions, SupervisorMessage, WorkerMessage } from './messages.ts';

/** Standard input, output, error and the channel come first. */
export const FIRST_INHERITED_DESCRIPTOR = 4;

/**
 * What workers have in their environment unless the operator has set it. glibc gives each thread of V8 and of libuv an arena of its own,
 * and gives little back of what is freed there.
 */
const WORKER_ENVIRONMENT = { MALLOC_ARENA_MAX: '2' };

export interface WorkerProcessOptions {
  /** Descriptors of this process that the worker inherits, from {@link FIRST_INHERITED_DESCRIPTOR} on. */
  readonly descriptors: readonly number[];
  readonly answerMilliseconds: number;
}

/** One worker process as its supervisor sees it: it loads its program, and serves once it is told what. */
export class WorkerProcess {
  /** Called once, when the process has ended. */
  onExit: ((how: string) => void) | undefined;
  readonly #child: ChildProcess;
  readonly #answerMilliseconds: number;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ready = Promise.withResolvers<undefined>();
  readonly #finished = Promise.withResolvers<undefined>();
  #nextId = 0;
  #failure: string | undefined;

  constructor({ descriptors, answerMilliseconds }: WorkerProcessOptions) {
    const program = fileURLToPath(new URL(`./worker-main${extname(import.meta.filename)}`, import.meta.url));
    // Who debugs the supervisor does not want all workers to stop at the same port.
    const flags = process.execArgv.filter((flag) => !flag.startsWith('--inspect'));
    this.#child = spawn(process.execPath, [...flags, program], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc', ...descriptors],
      env: { ...WORKER_ENVIRONMENT, ...process.env },
      serialization: 'advanced',
    });
    this.#answerMilliseconds = answerMilliseconds;
    // Nobody may wait for it: a worker that is started again reports by `onExit`.
    this.#ready.promise.catch(() => undefined);
    this.#child.on('message', (message) => {
      this.#receive(message as WorkerMessage);
    });
    this.#child.on('error', (error) => {
      this.#failure ??= error.message;
      if (this.#child.pid === undefined) this.#ended(error.message);
    });
    this.#child.on('exit', (code, signal) => {
      this.#ended(signal ?? `status ${code}`);
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Tells it to serve; once. */
  start(message: Extract<SupervisorMessage, { type: 'start' }>): void {
    this.#tell(message);
  }

  /** Settles when the worker serves, or cannot. */
  async ready(): Promise<void> {
    await this.#ready.promise;
  }

  /** @throws OsgateError OSGATE_WORKERS when it refuses, ends, or does not answer in time */
  async ask<Asked extends Question>(
    question: Asked,
    argument: Questions[Asked]['argument'],
  ): Promise<Questions[Asked]['answer']> {
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const timer = setTimeout(() => {
      this.#waiting.delete(id);
      reject(new OsgateError('OSGATE_WORKERS', `no answer to ${question} in ${this.#answerMilliseconds} ms`));
    }, this.#answerMilliseconds);
    this.#waiting.set(id, { resolve, reject, timer });
    this.#tell({ type: 'ask', id, question, argument });
    return promise as Promise<Questions[Asked]['answer']>;
  }

  /** Settles when it has finished what is under way, or has ended. It goes on answering, also for the other workers. */
  async finish(): Promise<void> {
    this.#tell({ type: 'finish' });
    await this.#finished.promise;
  }

  end(): void {
    this.#tell({ type: 'end' });
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #tell(message: SupervisorMessage): void {
    // A channel that is closed means that the process has ended or is about to; `exit` tells.
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  #receive(message: WorkerMessage): void {
    switch (message.type) {
      case 'ready':
        this.#ready.resolve(undefined);
        return;
      case 'finished':
        this.#finished.resolve(undefined);
        return;
      case 'failed':
        this.#failure = `${message.code}: ${message.message}`;
        return;
      case 'answer':
        this.#settle(message.id)?.resolve(message.answer);
        return;
      case 'refusal':
        this.#settle(message.id)?.reject(new OsgateError('OSGATE_WORKERS', message.message));
    }
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    clearTimeout(waiting?.timer);
    return waiting;
  }

  #ended(how: string): void {
    const reason = this.#failure ?? how;
    this.#ready.reject(new OsgateError('OSGATE_WORKERS', `worker ended: ${reason}`));
    for (const id of [...this.#waiting.keys()]) {
      this.#settle(id)?.reject(new OsgateError('OSGATE_WORKERS', `worker ended: ${reason}`));
    }
    this.#finished.resolve(undefined);
    this.onExit?.(reason);
  }
}

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: OsgateError) => void;
  readonly timer: NodeJS.Timeout;
}
