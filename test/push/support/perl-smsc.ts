import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('smsc.pl', import.meta.url));

/** An SMSC that is not ours: Net::SMPP of Debian, as a process. */
export class PerlSmsc {
  /** What it said, line by line. */
  readonly lines: string[] = [];
  /** What went wrong in it. */
  errors = '';
  readonly #child: ChildProcess;
  readonly #waiting = new Set<() => void>();

  private constructor(child: ChildProcess) {
    this.#child = child;
    let rest = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      this.lines.push(...lines);
      for (const wake of this.#waiting) wake();
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.errors += text));
  }

  static async start(systemId = 'osgate', password = 'secret'): Promise<PerlSmsc> {
    const child = spawn('perl', [PROGRAM, systemId, password], { stdio: ['pipe', 'pipe', 'pipe'] });
    const smsc = new PerlSmsc(child);
    child.once('close', (code) => {
      smsc.lines.push(`exit ${code}`);
      for (const wake of smsc.#waiting) wake();
    });
    const first = await smsc.line(/^(port|exit) /);
    if (!first.startsWith('port ')) throw new Error(`the SMSC did not start: ${smsc.errors}`);
    return smsc;
  }

  get port(): number {
    return Number(this.lines[0]?.slice('port '.length));
  }

  /** The nth line that fits, once it is there. */
  async line(pattern: RegExp, nth = 1): Promise<string> {
    for (;;) {
      const found = this.lines.filter((text) => pattern.test(text))[nth - 1];
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#waiting.delete(wake);
          resolve();
        };
        this.#waiting.add(wake);
      });
    }
  }

  /** Resolves when it has done so. */
  async order(text: string): Promise<void> {
    const name = text.split(' ', 1)[0] ?? '';
    const pattern = new RegExp(`^done ${name}$`);
    const before = this.lines.filter((line) => pattern.test(line)).length;
    this.#child.stdin?.write(`${text}\n`);
    await this.line(pattern, before + 1);
  }

  /** User data of the short messages that it was given. */
  get submitted(): Buffer[] {
    return this.lines
      .filter((text) => text.startsWith('submit '))
      .map((text) => Buffer.from(text.split(' ')[8] ?? '', 'hex'));
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const closed = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.kill('SIGKILL');
    await closed;
  }
}
