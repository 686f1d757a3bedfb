import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';

import { waitFor } from './dtls-agent.ts';

/** `openssl s_client` as a user agent: what it is given goes out as one record each time. */
export class OpensslAgent {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  #output = '';
  #messages = 0;

  private constructor(child: ChildProcessByStdio<Writable, Readable, Readable>) {
    this.#child = child;
    child.stdout.setEncoding('latin1').on('data', (text: string) => (this.#output += text));
    child.stderr.resume();
  }

  /** @param options further arguments of s_client; identity and key (hexadecimal) for PSK */
  static async connect(options: {
    readonly port: number;
    readonly identity?: string;
    readonly key?: string;
    readonly more?: readonly string[];
  }): Promise<OpensslAgent> {
    const { port, identity, key, more = [] } = options;
    const psk = identity === undefined || key === undefined ? [] : ['-psk_identity', identity, '-psk', key];
    const child = spawn(
      'openssl',
      ['s_client', '-dtls1_2', '-connect', `127.0.0.1:${port}`, ...psk, '-quiet', ...more],
      {
        stdio: ['pipe', 'pipe', 'pipe'],
      },
    );
    await once(child, 'spawn');
    return new OpensslAgent(child);
  }

  /** Sends a MESSAGE and waits for its 200; gives the Call-ID. */
  async message(from: string, to = 'sip:bob@example.com'): Promise<string> {
    const number = ++this.#messages;
    const callId = `openssl-${this.#child.pid ?? 0}-${number}`;
    const lines = [
      `MESSAGE ${to} SIP/2.0`,
      `Via: SIP/2.0/DTLS-UDP 192.0.2.7:5061;branch=z9hG4bK${callId};rport`,
      'Max-Forwards: 70',
      `From: <${from}>;tag=1`,
      `To: <${to}>`,
      `Call-ID: ${callId}`,
      'CSeq: 1 MESSAGE',
      'Content-Length: 0',
    ];
    this.#child.stdin.write(`${lines.join('\r\n')}\r\n\r\n`);
    await waitFor('200 at openssl', () => (this.#isAnswered(callId) ? true : undefined));
    return callId;
  }

  stop(): void {
    this.#child.kill();
  }

  #isAnswered(callId: string): boolean {
    return this.#output.split('SIP/2.0 200').some((part) => part.includes(`Call-ID: ${callId}\r\n`));
  }
}
