import { constants } from 'node:os';

import type { DatagramHandler, Peer } from '../transport.ts';
import { batchMemory, type BatchMemory } from './batch-memory.ts';
import type { GatheredSocket, Gathering } from './gathering.ts';
import type { SystemCalls } from './system-calls.ts';

/** Errors that say that the system has no room at the moment, not that the peer cannot be reached. */
const { EAGAIN, ENOBUFS, ENOMEM } = constants.errno;
const NO_ROOM: ReadonlySet<number> = new Set([EAGAIN, ENOBUFS, ENOMEM]);

export interface BatchHandler {
  readonly onDatagram: DatagramHandler;
  /** So many datagrams have left. */
  onSent(count: number): void;
  /** The socket cannot take this datagram now, or not by this way; somebody else has to send it. */
  onLeft(datagram: Buffer | string, peer: Peer): void;
  /** A datagram could not be sent. */
  onFailed(peer: Peer): void;
}

/**
 * Reads and sends several datagrams of one UDP socket in one system call. It does not hear of datagrams: whoever has read the
 * first one of a turn of the event loop says so.
 */
export class DatagramBatches implements GatheredSocket {
  readonly #calls: SystemCalls;
  readonly #memory: BatchMemory;
  readonly #descriptor: number;
  readonly #handler: BatchHandler;
  readonly #gathering: Gathering | undefined;
  /** What goes out at the end of this turn. */
  #waiting: Waiting[] = [];
  /** There was more in this turn than one call reads. */
  #isPressed = false;
  #open = true;

  /** @param gathering that of all sockets of the process whose datagrams may wait for others */
  constructor(calls: SystemCalls, descriptor: number, gathering: Gathering | undefined, handler: BatchHandler) {
    this.#calls = calls;
    this.#memory = batchMemory(calls);
    this.#descriptor = descriptor;
    this.#gathering = gathering;
    this.#handler = handler;
    gathering?.enter(this);
  }

  /**
   * The first datagram of a turn was handled and others may be behind it: hands them over, as many as one call reads. When there
   * are more, node:dgram goes on alone for this turn, so that a flood leaves time for all else.
   */
  readOthers(): void {
    if (this.#isPressed) return;
    const count = this.read();
    this.#gathering?.arrived(1 + count);
    if (count < this.#memory.received.capacity) return;
    this.#isPressed = true;
    setImmediate(this.#relax);
  }

  /** Hands over what has come. Datagrams are lent: their memory is used again. */
  read(): number {
    const { received, addresses } = this.#memory;
    // A handler may have closed the socket, and its descriptor may be that of something else now.
    const count = this.#open ? this.#calls.receive(this.#descriptor, received.address, received.capacity) : 0;
    for (let index = 0; index < count; index++) {
      received.resetName(index);
      const peer = addresses.read(received.names, received.nameOffset(index));
      const start = received.startOf(index);
      this.#handler.onDatagram(received.payload.subarray(start, start + received.lengthOf(index)), peer);
    }
    return Math.max(0, count);
  }

  /** Sends a datagram at the end of this turn of the event loop. */
  send(datagram: Buffer | string, peer: Peer): void {
    if (this.#waiting.length === 0) process.nextTick(this.#flush);
    this.#waiting.push({ datagram, peer });
  }

  /** Sends what waits; nothing is read or sent afterwards. To be called before the descriptor is closed. */
  close(): void {
    this.flush();
    this.#open = false;
    this.#gathering?.leave(this);
  }

  /** Sends what waits. */
  flush(): void {
    if (!this.#open || this.#waiting.length === 0) return;
    let waiting = this.#waiting;
    this.#waiting = [];
    while (waiting.length > 0) waiting = waiting.slice(this.#sendSome(waiting));
  }

  readonly #relax = (): void => {
    this.#isPressed = false;
  };

  readonly #flush = (): void => {
    this.flush();
  };

  /** Sends what one call can take; returns how many datagrams have been dealt with, one at least. */
  #sendSome(waiting: readonly Waiting[]): number {
    const { sent } = this.#memory;
    const count = this.#prepare(waiting);
    if (count === 0) return this.#leave(waiting.slice(0, 1));
    const done = this.#calls.send(this.#descriptor, sent.address, count);
    if (done > 0) {
      this.#handler.onSent(done);
      return done;
    }
    if (NO_ROOM.has(this.#calls.errorNumber())) return this.#leave(waiting);
    for (const { peer } of waiting.slice(0, 1)) this.#handler.onFailed(peer);
    return 1;
  }

  /** Writes datagrams and addresses for one call; returns how many. */
  #prepare(waiting: readonly Waiting[]): number {
    const { sent, addresses } = this.#memory;
    let count = 0;
    let octets = 0;
    for (const { datagram, peer } of waiting) {
      if (count === sent.capacity || octets + datagram.length > sent.payload.length) break;
      const nameOctets = addresses.write(peer, sent.names, sent.nameOffset(count));
      if (nameOctets === 0) break;
      if (typeof datagram === 'string') sent.payload.write(datagram, octets, 'latin1');
      else sent.payload.set(datagram, octets);
      sent.setMessage(count, octets, datagram.length, nameOctets);
      octets += datagram.length;
      count++;
    }
    return count;
  }

  #leave(waiting: readonly Waiting[]): number {
    for (const { datagram, peer } of waiting) this.#handler.onLeft(datagram, peer);
    return waiting.length;
  }
}

interface Waiting {
  readonly datagram: Buffer | string;
  readonly peer: Peer;
}
