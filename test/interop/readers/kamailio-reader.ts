import { spawn, type ChildProcess } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { freePort } from '../../../scenarios/support/free-port.ts';
import { listText, type Reader, type Reading } from './reading.ts';

const CONFIG = fileURLToPath(new URL('kamailio.cfg', import.meta.url));

/** How long Kamailio may take to start, and to read a message. */
const START_MILLISECONDS = 20_000;
const READ_MILLISECONDS = 5000;

/** A real Kamailio that says what it reads. */
export class KamailioReader implements Reader {
  readonly name = 'Kamailio 5.6';
  readonly #child: ChildProcess;
  readonly #socket: Socket;
  readonly #port: number;
  readonly #folder: string;
  readonly #lines: string[] = [];
  #wake: (() => void) | undefined;
  #markers = 0;

  private constructor(child: ChildProcess, socket: Socket, port: number, folder: string) {
    this.#child = child;
    this.#socket = socket;
    this.#port = port;
    this.#folder = folder;
  }

  static async start(): Promise<KamailioReader> {
    const folder = await mkdtemp(join(tmpdir(), 'osgate-kamailio-'));
    const port = await freePort();
    const files = ['-w', folder, '-P', join(folder, 'pid'), '-Y', folder];
    // In the foreground, without daemon; errors of its parser go to standard error as well, and are not looked at.
    const child = spawn('kamailio', ['-f', CONFIG, '-DD', '-E', '-l', `udp:127.0.0.1:${port}`, ...files], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const socket = createSocket('udp4');
    const reader = new KamailioReader(child, socket, port, folder);
    let said = '';
    // Latin-1: what it quotes of a message is any octets.
    child.stderr.setEncoding('latin1');
    createInterface({ input: child.stderr }).on('line', (line) => {
      said = `${said}\n${line}`.slice(-4000);
      const start = line.indexOf('READ ');
      if (start < 0 || !line.includes('<script>')) return;
      reader.#lines.push(line.slice(start + 5));
      reader.#wake?.();
    });
    const deadline = Date.now() + START_MILLISECONDS;
    while (!(await isBound(port))) {
      if (child.exitCode !== null || Date.now() > deadline) {
        await reader.stop();
        throw new Error(`Kamailio did not start:\n${said}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return reader;
  }

  /** Sends the message, and a good one behind it: what is silent until that one is read was refused. */
  async read(message: Buffer): Promise<Reading | undefined> {
    const marker = `marker-${++this.#markers}`;
    this.#socket.send(message, this.#port, '127.0.0.1');
    this.#socket.send(markerMessage(marker), this.#port, '127.0.0.1');
    const deadline = Date.now() + READ_MILLISECONDS;
    for (;;) {
      const readings = this.#lines.map(readingOf);
      const end = readings.findIndex(({ callId }) => callId === marker);
      if (end >= 0) {
        this.#lines.splice(0, end + 1);
        return readings.slice(0, end).at(-1);
      }
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`Kamailio did not read ${marker}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        setTimeout(resolve, left).unref();
      });
    }
  }

  async stop(): Promise<void> {
    this.#socket.close();
    if (this.#child.exitCode === null) {
      const ended = once(this.#child, 'close');
      this.#child.kill('SIGTERM');
      await ended;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Fields of the line that kamailio.cfg writes. */
function readingOf(line: string): Reading {
  const [
    what,
    kind = '',
    uri,
    fromUri,
    fromTag,
    toTag,
    callId,
    cseq,
    first,
    asserted,
    preferred,
    remote,
    body,
    method,
  ] = line.trim().split(',');
  const request = what === 'q';
  return {
    kind: request ? text(kind) : kind,
    uri: text(uri),
    fromUri: text(fromUri),
    fromTag: text(fromTag),
    toTag: text(toTag),
    callId: text(callId),
    cseq: `${Number(cseq)} ${text(request ? kind : method)}`,
    identityUri: text(first),
    assertedIdentity: listText([text(asserted)]),
    preferredIdentity: listText([text(preferred)]),
    remotePartyId: listText([text(remote)]),
    bodyLength: body === undefined || body === '' ? '0' : body,
  };
}

function text(hexadecimal: string | undefined): string {
  return Buffer.from(hexadecimal ?? '', 'hex').toString('latin1');
}

function markerMessage(callId: string): string {
  return [
    'OPTIONS sip:marker@example.com SIP/2.0',
    'Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKmarker',
    'From: <sip:marker@example.com>;tag=m',
    'To: <sip:marker@example.com>',
    `Call-ID: ${callId}`,
    'CSeq: 1 OPTIONS',
    'Max-Forwards: 70',
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}

/** True when some process has a UDP socket on that port of 127.0.0.1. */
async function isBound(port: number): Promise<boolean> {
  const wanted = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return (await readFile('/proc/net/udp', 'utf8')).includes(wanted);
}
