import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { randomBytes, randomInt } from 'node:crypto';

import { readRecordedHello } from './hello.ts';

export interface FloodResult {
  readonly sent: number;
  readonly octetsSent: number;
  readonly answers: number;
  readonly octetsReceived: number;
}

/** Datagrams that are sent before others get a turn. */
const BURST = 200;

const SOCKETS = 256;

/**
 * Sends datagrams from many addresses of 127.0.0.0/8, each the first that comes from there or nearly so, and counts what comes
 * back.
 */
export async function flood(
  target: number,
  count: number,
  kind: 'hello' | 'garbage',
  onProgress?: () => void,
): Promise<FloodResult> {
  const hello = await readRecordedHello();
  const result = { sent: 0, octetsSent: 0, answers: 0, octetsReceived: 0 };
  const sockets = await Promise.all(Array.from({ length: SOCKETS }, async () => openSocket(result)));
  for (let number = 0; number < count; number++) {
    const datagram = kind === 'hello' ? freshHello(hello) : garbage();
    sockets[number % SOCKETS]?.send(datagram, target, '127.0.0.1');
    result.sent++;
    result.octetsSent += datagram.length;
    if (number % BURST === BURST - 1) await new Promise((resolve) => setTimeout(resolve, 8));
    if (number % 10_000 === 9999) onProgress?.();
  }
  await new Promise((resolve) => setTimeout(resolve, 500));
  for (const socket of sockets) socket.close();
  return result;
}

async function openSocket(result: { answers: number; octetsReceived: number }): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, `127.${randomInt(64, 128)}.${randomInt(256)}.${randomInt(1, 255)}`);
  await once(socket, 'listening');
  socket.on('message', (datagram) => {
    result.answers++;
    result.octetsReceived += datagram.length;
  });
  socket.on('error', () => undefined);
  return socket;
}

/** Another random each time: to the server each is another client. */
function freshHello(hello: Buffer): Buffer {
  const copy = Buffer.from(hello);
  randomBytes(32).copy(copy, 27);
  return copy;
}

/** A third of it looks like records with data, alerts or connection identifiers; a third like a ClientHello that is broken. */
function garbage(): Buffer {
  const datagram = randomBytes(randomInt(1, 600));
  const looks = randomInt(3);
  if (looks === 0) return datagram;
  datagram.set(Buffer.from([looks === 1 ? randomInt(20, 28) : 22, 0xfe, 0xfd]).subarray(0, datagram.length));
  if (looks === 2 && datagram.length > 13) datagram[13] = 1;
  return datagram;
}
