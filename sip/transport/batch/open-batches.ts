import type { Socket } from 'node:dgram';

import { DatagramBatches, type BatchHandler } from './datagram-batches.ts';
import { Gathering } from './gathering.ts';
import { socketsAt } from './socket-descriptors.ts';
import type { SystemCalls } from './system-calls.ts';

export interface BatchOptions {
  /** How long datagrams that come densely may gather before they are read; 0 for not at all. The whole process stands still meanwhile. */
  readonly gatherMicroseconds: number;
}

/**
 * Batches for a bound socket of node:dgram; undefined where they are not wanted or cannot be had.
 *
 * @param options.fd the socket's descriptor where it is known
 */
export function openBatches(
  calls: SystemCalls | undefined,
  socket: Socket,
  { batches, fd }: { readonly batches?: BatchOptions | undefined; readonly fd?: number | undefined },
  handler: BatchHandler,
): DatagramBatches | undefined {
  if (calls === undefined || batches === undefined) return undefined;
  const descriptor = fd ?? descriptorOf(socket);
  if (descriptor === undefined) return undefined;
  return new DatagramBatches(calls, descriptor, gatheringOf(batches.gatherMicroseconds / 1000), handler);
}

const gatherings = new Map<number, Gathering>();

/** One for all sockets of the process whose datagrams may wait so long. */
function gatheringOf(milliseconds: number): Gathering | undefined {
  if (milliseconds === 0) return undefined;
  let gathering = gatherings.get(milliseconds);
  if (gathering === undefined) gatherings.set(milliseconds, (gathering = new Gathering(milliseconds)));
  return gathering;
}

function descriptorOf(socket: Socket): number | undefined {
  const { address, port } = socket.address();
  try {
    const [descriptor, another] = socketsAt(address, port);
    // Two sockets of one address are told apart by nothing.
    return another === undefined ? descriptor : undefined;
  } catch {
    // No /proc, or not for us: a place where datagrams go one by one.
    return undefined;
  }
}
