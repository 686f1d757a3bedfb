// Binds the sockets of all worker slots and then stands still for good. libuv begins to read from a socket only in the
// turn of the event loop after it was bound; that turn never comes here, so every datagram waits in the kernel for the
// worker that inherits the socket.
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

import type { HeldAddress, HolderOrder, HolderReply } from './socket-holder.ts';

/** Large enough that what comes while a worker is started again waits rather than is lost. */
const BUFFER_BYTES = 4 * 1024 * 1024;

const { listeners, slots, release } = workerData as HolderOrder;
const sockets: Socket[] = [];
const bound: HeldAddress[] = [];

function next(): void {
  const listener = listeners[Math.floor(sockets.length / slots)];
  if (listener === undefined) {
    standStill();
    return;
  }
  const first = sockets.length % slots === 0;
  const socket = createSocket({
    type: isIPv6(listener.address) ? 'udp6' : 'udp4',
    reusePort: true,
    ipv6Only: isIPv6(listener.address),
  });
  sockets.push(socket);
  socket.once('error', (error) => {
    reply({ outcome: 'failed', listener: listener.name, message: error.message });
    closeAll();
  });
  // The first slot of a listener picks the port where the system may choose; the others join it.
  const port = first ? listener.port : (bound.at(-1)?.port ?? listener.port);
  // An address in numbers binds without a turn of the event loop, so nothing has been read from those before it.
  socket.bind(port, listener.address, () => {
    socket.setRecvBufferSize(BUFFER_BYTES);
    socket.setSendBufferSize(BUFFER_BYTES);
    if (first) bound.push({ name: listener.name, ...socket.address() });
    next();
  });
}

function standStill(): void {
  reply({ outcome: 'bound', addresses: bound });
  Atomics.wait(new Int32Array(release), 0, 0);
  closeAll();
}

function closeAll(): void {
  for (const socket of sockets.splice(0)) socket.close();
}

function reply(message: HolderReply): void {
  parentPort?.postMessage(message);
}

next();
