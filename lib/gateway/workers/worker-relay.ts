import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';

import type { Peer } from '../../../sip/index.ts';
import { encodeFrame, RelayFrameReader, type RelayFrame, type RelayKind } from './relay-frame.ts';

export interface WorkerRelayOptions {
  /** A folder that only this user can enter: who can connect to a socket in it is one of us. */
  readonly folder: string;
  readonly slot: number;
  readonly workers: number;
  /** What may wait for one other worker, in octets; beyond it the new is dropped and counted. */
  readonly queueBytes: number;
  /** A datagram came in for us at another worker. */
  readonly onReceived: (frame: RelayFrame) => void;
  /** A datagram has to leave by a transport of ours. */
  readonly onSend: (frame: RelayFrame) => void;
}

/**
 * The private channel between workers: unix-domain streams, which cost two thirds of what UDP on loopback does, lose
 * nothing and carry any length (docs/decisions/0025-workers-and-their-sockets.md).
 */
export class WorkerRelay {
  readonly counters = { relayed: 0, received: 0, dropped: 0, linksLost: 0 };
  /** Another worker has dealt with a datagram that was handed over with this name. */
  onDone: ((name: string) => void) | undefined;
  /** A part of another worker says something; see {@link tell}. */
  onMessage: ((message: Buffer) => void) | undefined;
  readonly #options: WorkerRelayOptions;
  readonly #server: Server;
  readonly #links: (Link | undefined)[] = [];
  readonly #incoming = new Set<Socket>();
  #open = true;

  private constructor(options: WorkerRelayOptions) {
    this.#options = options;
    this.#server = createServer((socket) => {
      this.#accept(socket);
    });
  }

  /** @throws the system's error when the socket cannot be made */
  static async open(options: WorkerRelayOptions): Promise<WorkerRelay> {
    const relay = new WorkerRelay(options);
    const path = socketPath(options.folder, options.slot);
    // What a predecessor that was killed left behind.
    await rm(path, { force: true });
    relay.#server.listen(path);
    await once(relay.#server, 'listening');
    return relay;
  }

  /** True for another worker of this gateway. */
  isOther(worker: number): boolean {
    return worker !== this.#options.slot && worker >= 0 && worker < this.#options.workers;
  }

  /**
   * Hands a datagram that came in here to the worker that it is for.
   *
   * @param name what `onDone` shall be called with when that worker has dealt with it; it is not called where absent
   * @returns false when it was dropped
   */
  handOver(worker: number, listener: number, peer: Peer, datagram: Buffer, name?: string): boolean {
    if (name === undefined) return this.#write(worker, 'received', listener, peer, datagram);
    const sent = this.#write(worker, 'received-in-order', listener, peer, datagram);
    if (sent) this.#links[worker]?.awaiting.push(name);
    return sent;
  }

  /**
   * Sends a datagram by the transport of a given worker: a flow over a stream lives in one of them.
   *
   * @param listener the place of the listener in `gateway.sec1.sip`
   * @returns false when it was dropped, for want of room or of that worker
   */
  send(worker: number, listener: number, peer: Peer, bytes: Buffer): boolean {
    if (worker === this.#options.slot) {
      this.#options.onSend({ kind: 'send', listener, peer, datagram: bytes });
      return true;
    }
    return this.#write(worker, 'send', listener, peer, bytes);
  }

  /**
   * Says something to a part of another worker.
   *
   * @param message at most 65,535 octets
   * @returns false when it was dropped
   */
  tell(worker: number, message: Buffer): boolean {
    return message.length <= MAXIMUM_MESSAGE_OCTETS && this.#write(worker, 'message', 0, NOBODY, message);
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    for (const link of this.#links) link?.socket.destroy();
    for (const socket of this.#incoming) socket.destroy();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }

  /**
   * Each datagram is written at once, not gathered for one system call: the longer a response is on its way, the more often
   * what follows it is earlier at the agent.
   */
  #write(worker: number, kind: RelayKind, listener: number, peer: Peer, datagram: Buffer): boolean {
    const link = this.#open && this.isOther(worker) ? (this.#links[worker] ??= this.#connect(worker)) : undefined;
    if (link === undefined || link.socket.writableLength > this.#options.queueBytes) {
      this.counters.dropped++;
      return false;
    }
    link.socket.write(encodeFrame(kind, listener, peer, datagram));
    this.counters.relayed++;
    return true;
  }

  #connect(worker: number): Link {
    const socket = connect(socketPath(this.#options.folder, worker));
    const link: Link = { socket, awaiting: [] };
    // All that comes back is one octet for each datagram that was wanted in order, in that order.
    socket.on('data', (octets: Buffer) => {
      for (const name of link.awaiting.splice(0, octets.length)) this.onDone?.(name);
    });
    socket.on('error', () => {
      this.counters.linksLost++;
    });
    // The worker at the other end was restarted, or is about to be; what was under way to it is for nobody now.
    socket.on('close', () => {
      if (this.#links[worker] === link) this.#links[worker] = undefined;
      for (const name of link.awaiting.splice(0)) this.onDone?.(name);
    });
    return link;
  }

  #accept(socket: Socket): void {
    this.#incoming.add(socket);
    const reader = new RelayFrameReader((frame) => {
      this.counters.received++;
      if (frame.kind === 'send') this.#options.onSend(frame);
      else if (frame.kind === 'message') this.onMessage?.(frame.datagram);
      else this.#options.onReceived(frame);
      // Node sends a datagram not at once but when the code of now has run; only then is it dealt with.
      if (frame.kind === 'received-in-order') setImmediate(tellDone, socket);
    });
    socket.on('data', (chunk) => {
      if (!reader.read(chunk)) socket.destroy();
    });
    socket.on('error', () => {
      this.counters.linksLost++;
    });
    socket.on('close', () => {
      this.#incoming.delete(socket);
    });
  }
}

const MAXIMUM_MESSAGE_OCTETS = 65_535;
const NOBODY: Peer = { address: '', port: 0 };
const DONE = Buffer.of(1);

function tellDone(socket: Socket): void {
  if (socket.writable) socket.write(DONE);
}

interface Link {
  readonly socket: Socket;
  /** Names of what was handed over and is not done. */
  readonly awaiting: string[];
}

function socketPath(folder: string, slot: number): string {
  return join(folder, `${slot}.sock`);
}
