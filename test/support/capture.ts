import { spawn, type ChildProcess } from 'node:child_process';
import { rename, writeFile } from 'node:fs/promises';

import { runProgram } from './run-program.ts';

/** Longer than any test: a capture that nobody stops ends by itself. */
const LONGEST_SECONDS = 200;

/** What goes over loopback, UDP where nothing else is said, captured and dissected by the real tshark. */
export class Capture {
  readonly #child: ChildProcess | undefined;
  readonly #file: string;

  /** @param child what still writes to the file; nobody where absent */
  constructor(child: ChildProcess | undefined, file: string) {
    this.#child = child;
    this.#file = file;
  }

  /** Resolves when packets are really captured. */
  static async start(file: string, filter = 'udp', longestSeconds = LONGEST_SECONDS): Promise<Capture> {
    const child = spawn('tshark', ['-i', 'lo', '-f', filter, '-w', file, '-a', `duration:${longestSeconds}`, '-q'], {
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
    const child = this.#child;
    if (child === undefined) return;
    await new Promise<void>((resolve) => {
      child.removeAllListeners('close').once('close', () => {
        resolve();
      });
      setTimeout(() => child.kill('SIGINT'), 500);
    });
  }

  kill(): void {
    this.#child?.kill('SIGKILL');
  }

  /** Drops what others sent over loopback meanwhile: each look at the packets takes the longer the more there are. */
  async keepOnly(ports: readonly number[]): Promise<void> {
    const kept = `${this.#file}.kept`;
    const ours = ports.map((port) => `udp.port == ${port}`).join(' || ');
    const { code, errors } = await runProgram('tshark', ['-r', this.#file, '-Y', ours, '-w', kept]);
    if (code !== 0) throw new Error(`tshark: ${errors}`);
    await rename(kept, this.#file);
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

  /** The payloads of the DTLS records from and to a port, decrypted with a key log, in their order. */
  async decrypt(dtlsPort: number, keyLog: string): Promise<Buffer[]> {
    const options = ['-o', `tls.keylog_file:${keyLog}`, '-d', `udp.port==${dtlsPort},dtls`];
    const filter = ['-Y', `udp.port == ${dtlsPort} && data`, '-T', 'fields', '-e', 'data.data'];
    const { code, output, errors } = await runProgram('tshark', ['-r', this.#file, ...options, ...filter]);
    if (code !== 0) throw new Error(`tshark: ${errors}`);
    const lines = output.split('\n').filter((text) => text !== '');
    return lines.map((hex) => Buffer.from(hex, 'hex'));
  }

  /** What is wrong with the DTLS from and to a port: other protocols, records malformed, an error in the eyes of tshark's experts. */
  async dtlsFaults(dtlsPort: number, keyLog: string): Promise<string[]> {
    const wrong = '!dtls || _ws.malformed || _ws.expert.severity >= 0x00800000';
    const options = ['-o', `tls.keylog_file:${keyLog}`, '-d', `udp.port==${dtlsPort},dtls`];
    const filter = ['-Y', `udp.port == ${dtlsPort} && (${wrong})`];
    const { code, output, errors } = await runProgram('tshark', ['-r', this.#file, ...options, ...filter]);
    if (code !== 0) throw new Error(`tshark: ${errors}`);
    return output.split('\n').filter((text) => text !== '');
  }
}

/** Datagrams of SIP made into a capture of their own, as if each had come over plain UDP, and what tshark finds wrong in it. */
export async function sipFaults(messages: readonly Buffer[], file: string): Promise<string[]> {
  const dump = messages.map((message) => `0000 ${message.toString('hex').replaceAll(/(..)/g, '$1 ')}\n`).join('\n');
  await writeFile(`${file}.txt`, dump);
  const { code, errors } = await runProgram('text2pcap', ['-q', '-u', '5061,5061', `${file}.txt`, file]);
  if (code !== 0) throw new Error(`text2pcap: ${errors}`);
  return new Capture(undefined, file).faults([5061]);
}
