import { MessageVector } from './message-vector.ts';
import { SocketAddresses } from './socket-addresses.ts';
import type { SystemCalls } from './system-calls.ts';

/** Datagrams that one system call reads or sends. */
const RECEIVED_AT_ONCE = 32;
const SENT_AT_ONCE = 64;

/** Room for the largest datagram; the odd rest keeps the beginnings of all slots from sharing one line of the caches. */
const SLOT_OCTETS = 65_536 + 1024 + 64;

/** Octets of one call; the largest datagram fits several times. */
const SENT_OCTETS = 256 * 1024;

/** What all sockets of a process share, for no call outlasts a turn of the event loop. Memory that was never used is not resident. */
export interface BatchMemory {
  readonly received: MessageVector;
  readonly sent: MessageVector;
  readonly addresses: SocketAddresses;
}

const memories = new WeakMap<SystemCalls, BatchMemory>();

export function batchMemory(calls: SystemCalls): BatchMemory {
  let memory = memories.get(calls);
  if (memory === undefined) {
    const received = new MessageVector(calls, RECEIVED_AT_ONCE, Buffer.allocUnsafeSlow(RECEIVED_AT_ONCE * SLOT_OCTETS));
    for (let index = 0; index < RECEIVED_AT_ONCE; index++) {
      received.setMessage(index, index * SLOT_OCTETS, SLOT_OCTETS);
    }
    memory = {
      received,
      sent: new MessageVector(calls, SENT_AT_ONCE, Buffer.allocUnsafeSlow(SENT_OCTETS)),
      addresses: new SocketAddresses(),
    };
    memories.set(calls, memory);
  }
  return memory;
}
