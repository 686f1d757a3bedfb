import { spawn, type ChildProcess } from 'node:child_process';

import { runProgram } from './run-program.ts';

/** Longer than any test: a capture that nobody stops ends by itself. */
const LONGEST_SECONDS = 90;

/** What goes over UDP on loopback, captured and dissected by the real tshark. */
export class Capture {
  readonly #child: ChildProcess;
  readonly #file: string;

  private constructor(child: ChildProcess, file: string) {
    this.#child = child;
    this.#file = file;
  }

  /** Resolves when packets are really captured. */
  static async start(file: string): Promise<Capture> {
    const child = spawn('tshark', ['-i', 'lo', '-f', 'udp', '-w', file, '-a', `duration:${LONGEST_SECONDS}`, '-q'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', () => {
        reject(new Error('tshark ended before it captured'));
      });
      let said = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (said.includes('Capture started') || said.includes('Capturing on')) setTimeout(resolve, 500);
      });
    });
    return new Capture(child, file);
  }

  /** Ends the capture, half a second later, so that the last packets are in it. */
  async stop(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#child.removeAllListeners('close').once('close', () => {
        resolve();
      });
      setTimeout(() => this.#child.kill('SIGINT'), 500);
    });
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** One line a packet that fits the display filter: its number and what tshark says of it. */
  async dissect(sipPorts: readonly number[], filter: string): Promise<string[]> {
    const ports = sipPorts.flatMap((port) => ['-d', `udp.port==${port},sip`]);
    const fields = ['-T', 'fields', '-e', 'frame.number', '-e', '_ws.col.Info'];
    const { code, output, errors } = await runProgram('tshark', ['-r', this.#file, ...ports, '-Y', filter, ...fields]);
    if (code !== 0) throw new Error(`tshark: ${errors}`);
    return output.split('\n').filter((text) => text !== '');
  }

  /** What is wrong with the packets from and to those ports: no SIP, malformed, or an error in the eyes of tshark's experts. */
  async faults(sipPorts: readonly number[]): Promise<string[]> {
    const ours = sipPorts.map((port) => `udp.port == ${port}`).join(' || ');
    const filters = [
      `(${ours}) && !sip`,
      `(${ours}) && _ws.malformed`,
      // 0x00800000 is Error in tshark's scale of severities.
      `(${ours}) && sip && _ws.expert.severity >= 0x00800000`,
    ];
    const found: string[] = [];
    for (const filter of filters) {
      found.push(...(await this.dissect(sipPorts, filter)).map((line) => `${filter}: ${line}`));
    }
    return found;
  }
}
