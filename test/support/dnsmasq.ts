import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

import { freePort } from '../../scenarios/support/free-port.ts';

/** Debian's dnsmasq on 127.0.0.1, which knows nothing but the records it is given for names under `.test`. */
export class Dnsmasq {
  /** As `gateway.dns.servers` has it. */
  readonly server: string;
  readonly #child: ChildProcess;
  readonly #lines: string[];

  private constructor(child: ChildProcess, port: number, lines: string[]) {
    this.#child = child;
    this.server = `127.0.0.1:${port}`;
    this.#lines = lines;
  }

  /** @param records options such as `--srv-host=_sip._udp.example.test,as.example.test,5070` */
  static async start(records: readonly string[]): Promise<Dnsmasq> {
    const port = await freePort();
    const child = spawn(
      'dnsmasq',
      [
        '--keep-in-foreground',
        '--conf-file=/dev/null',
        '--no-resolv',
        '--no-hosts',
        `--port=${port}`,
        '--listen-address=127.0.0.1',
        '--bind-interfaces',
        '--pid-file=',
        '--user=',
        '--group=',
        '--local=/test/',
        '--log-queries',
        '--log-facility=-',
        ...records,
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const lines: string[] = [];
    const started = Promise.withResolvers<undefined>();
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      lines.push(...chunk.split('\n'));
      if (lines.some((line) => line.includes('started'))) started.resolve(undefined);
    });
    child.once('error', started.reject);
    child.once('exit', (code) => {
      started.reject(new Error(`dnsmasq ended with ${code ?? 'a signal'}: ${lines.join('\n')}`));
    });
    await started.promise;
    return new Dnsmasq(child, port, lines);
  }

  /** The questions that came, such as `SRV _sip._udp.example.test`. */
  get asked(): string[] {
    return this.#lines.flatMap((line) => {
      const [, type, name] = /query\[(\w+)\] (\S+) from/.exec(line) ?? [];
      return type === undefined || name === undefined ? [] : [`${type} ${name}`];
    });
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await ended;
  }
}
