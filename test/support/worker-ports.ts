import { createSocket } from 'node:dgram';
import { once } from 'node:events';

import { freePort } from '../../scenarios/support/free-port.ts';
import type { System } from '../../scenarios/support/system.ts';

/** What GET /status says of one worker. */
export interface WorkerStatus {
  readonly worker: number;
  readonly pid: number;
  readonly up: boolean;
  readonly restarts: number;
  readonly requests: number;
  readonly pendingRequests: number;
}

export async function workersOf(system: System): Promise<readonly WorkerStatus[]> {
  const { body } = await system.admin('GET', '/status');
  return (body as { workers: WorkerStatus[] }).workers;
}

/** A free UDP port from which the kernel leads to that worker, found by trying. */
export async function portOfWorker(system: System, worker: number): Promise<number> {
  for (let attempt = 0; attempt < 64; attempt++) {
    const port = await freePort();
    const before = await workersOf(system);
    await sendOneRequest(port, system.gatewayPort);
    const after = await workersOf(system);
    const reached = after.find((one, index) => one.requests > (before[index]?.requests ?? 0));
    if (reached?.worker === worker) return port;
  }
  throw new Error(`no port leads to worker ${worker}`);
}

/** An OPTIONS without credentials, and its answer. */
async function sendOneRequest(port: number, gatewayPort: number): Promise<void> {
  const socket = createSocket('udp4');
  socket.bind(port, '127.0.0.1');
  await once(socket, 'listening');
  const request = [
    'OPTIONS sip:example.com SIP/2.0',
    `Via: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bKprobe${port};rport`,
    'Max-Forwards: 70',
    'From: <sip:probe@example.com>;tag=probe',
    'To: <sip:example.com>',
    `Call-ID: probe-${port}`,
    'CSeq: 1 OPTIONS',
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
  const answered = once(socket, 'message');
  socket.send(request, gatewayPort, '127.0.0.1');
  await answered;
  socket.close();
}
