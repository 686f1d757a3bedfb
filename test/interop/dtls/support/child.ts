import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';

/** How long a program of a peer may take for one step, in milliseconds. */
const STEP_TIMEOUT = 40_000;

/** A program of a peer: what it writes is collected, what is expected of it can be waited for. */
export class PeerProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<number | null>;
  readonly #name: string;
  readonly #waiting = new Set<() => void>();
  #output = '';
  #ending = false;

  constructor(command: string, args: readonly string[]) {
    this.#name = `${command} ${args.join(' ')}`;
    this.#child = spawn(command, args, { stdio: 'pipe' });
    this.#ended = once(this.#child, 'close').then(([code]) => {
      this.#ending = true;
      this.#wake();
      return code as number | null;
    });
    // A program that is gone cannot be written to; its end is seen otherwise.
    this.#child.stdin.on('error', () => undefined);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('latin1').on('data', (text: string) => {
        this.#output += text;
        this.#wake();
      });
    }
  }

  get output(): string {
    return this.#output;
  }

  get stdout(): NodeJS.ReadableStream {
    return this.#child.stdout;
  }

  get hasEnded(): boolean {
    return this.#ending;
  }

  write(text: string): void {
    if (this.#child.stdin.writable) this.#child.stdin.write(text);
  }

  endInput(): void {
    this.#child.stdin.end();
  }

  /** The exit status, null after a signal; waits for it, and kills the program when that takes too long. */
  async exited(timeout = 5000): Promise<number | null> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), timeout);
    const code = await this.#ended;
    clearTimeout(timer);
    return code;
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.#child.kill(signal);
    await this.exited();
  }

  /** What `find` finds in the output, as soon as it does; fails when the program ends first, or after `timeout`. */
  async until<Found>(
    what: string,
    find: (output: string) => Found | undefined,
    timeout = STEP_TIMEOUT,
  ): Promise<Found> {
    const deadline = Date.now() + timeout;
    for (;;) {
      const found = find(this.#output);
      if (found !== undefined) return found;
      if (this.#ending || Date.now() >= deadline) {
        throw new Error(`${this.#name}: no ${what}\n${this.#output.slice(-3000)}`);
      }
      await this.#change(deadline - Date.now());
    }
  }

  async #change(timeout: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, timeout);
      const waiting = this.#waiting;
      function done(): void {
        clearTimeout(timer);
        waiting.delete(done);
        resolve();
      }
      waiting.add(done);
    });
  }

  #wake(): void {
    for (const done of [...this.#waiting]) done();
  }
}
