import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { isIP, isIPv6 } from 'node:net';

import type { DatagramBatches } from '../../sip/transport/batch/datagram-batches.ts';
import { openBatches, type BatchOptions } from '../../sip/transport/batch/open-batches.ts';
import { systemCalls, type SystemCalls } from '../../sip/transport/batch/system-calls.ts';
import { octetsOf } from '../../sip/transport/transport.ts';
import { DtlsError } from '../errors.ts';
import type { DatagramHandler, DatagramTransport } from './datagram-transport.ts';
import type { Peer } from './peer.ts';

export interface DgramTransportOptions {
  /** The local address: an IPv4 or IPv6 address, or a name that resolves to one. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Lets several processes bind the same port; the kernel shares datagrams out by flow. */
  readonly reusePort?: boolean | undefined;
  /** A socket that is bound already, inherited from another process, in place of a new one. */
  readonly fd?: number | undefined;
  /** The only peer: the kernel drops what others send. An address, not a name. */
  readonly connect?: Peer | undefined;
  /** SO_RCVBUF in octets; bursts beyond it are lost by the kernel. */
  readonly receiveBufferBytes?: number | undefined;
  /** SO_SNDBUF in octets. */
  readonly sendBufferBytes?: number | undefined;
  /** Datagrams that may wait for room in the send buffer; more are lost, as they would be in a full network. */
  readonly maximumPendingDatagrams?: number | undefined;
  /** Reads and sends several datagrams with one system call, where the system and koffi are there for it. Not for a connected socket. */
  readonly batches?: BatchOptions | undefined;
}

/** Large enough that a burst of some thousand datagrams waits rather than is lost. */
const DEFAULT_BUFFER_BYTES = 4 * 1024 * 1024;

const DEFAULT_PENDING_DATAGRAMS = 16_384;

/** What UDP can carry in one datagram: 65,535 less the headers of UDP and, over IPv4, of IP. */
const LARGEST_DATAGRAM = { udp4: 65_507, udp6: 65_527 };

/** Errors that say that the system has no room at the moment, not that the peer cannot be reached. */
const BUFFER_FULL = new Set(['EAGAIN', 'ENOBUFS', 'ENOMEM']);

/** One datagram in so many is asked about, but each of those that come first, and first after an error. */
const ASK_EVERY = 16;
const SUSPECT_DATAGRAMS = 64;

/** UDP over node:dgram. What cannot be sent is counted, never thrown. */
export class DgramTransport implements DatagramTransport {
  readonly local: Peer;
  /** `sendErrors` is exact but for errors that come alone among many datagrams: see {@link DgramTransport.send}. */
  readonly counters = { received: 0, sent: 0, sendErrors: 0, sendBufferFull: 0 };
  readonly #socket: Socket;
  readonly #connected: boolean;
  readonly #batches: DatagramBatches | undefined;
  readonly #largest: number;
  readonly #maximumPending: number;
  /** Sent, and not yet known to have left. */
  #pending = 0;
  /** The last of them, about which nobody was asked. */
  #unasked = 0;
  /** For each that was asked about and not answered yet, the number of datagrams that its answer speaks for. */
  readonly #asked: number[] = [];
  /** So many datagrams more are asked about one by one. */
  #suspect = SUSPECT_DATAGRAMS;
  #open = true;

  private constructor(
    socket: Socket,
    options: DgramTransportOptions,
    onDatagram: DatagramHandler,
    calls: SystemCalls | undefined,
  ) {
    const { address, port } = socket.address();
    this.local = { address, port };
    this.#socket = socket;
    this.#connected = options.connect !== undefined;
    this.#largest = LARGEST_DATAGRAM[isIPv6(address) ? 'udp6' : 'udp4'];
    this.#maximumPending = options.maximumPendingDatagrams ?? DEFAULT_PENDING_DATAGRAMS;
    const batches = openBatches(calls, socket, options, {
      onDatagram: (datagram, source) => {
        this.counters.received++;
        // Batches lend their datagrams, and handshakes keep parts of them.
        onDatagram(Buffer.from(datagram), source);
      },
      onSent: (count) => {
        this.#pending -= count;
      },
      onLeft: (datagram, peer) => {
        this.#sendAlone(octetsOf(datagram), peer);
      },
      onFailed: () => {
        this.#pending--;
        this.counters.sendErrors++;
      },
    });
    this.#batches = batches;
    socket.on('message', (datagram, source) => {
      this.counters.received++;
      onDatagram(datagram, source);
      batches?.readOthers();
    });
    // ICMP errors of earlier datagrams surface here; the socket itself goes on.
    socket.on('error', () => {
      this.counters.sendErrors++;
    });
  }

  /** @throws DtlsError OSGATE_DTLS_BIND_FAILED */
  static async open(options: DgramTransportOptions, onDatagram: DatagramHandler): Promise<DgramTransport> {
    const host = isIP(options.host) === 0 ? await addressOf(options) : options.host;
    const calls = options.batches === undefined || options.connect !== undefined ? undefined : systemCalls();
    const socket = createSocket({
      type: isIPv6(host) ? 'udp6' : 'udp4',
      reusePort: options.reusePort ?? false,
      // IPv4 has a listener of its own, which may bind the same port.
      ipv6Only: isIPv6(host),
      // Peers are addresses already. Without this every datagram would go through dns.lookup and a turn of nextTick.
      lookup: (address, _family, found) => {
        found(null, address, address.includes(':') ? 6 : 4);
      },
    });
    try {
      await bound(socket, host, options);
      socket.setRecvBufferSize(options.receiveBufferBytes ?? DEFAULT_BUFFER_BYTES);
      socket.setSendBufferSize(options.sendBufferBytes ?? DEFAULT_BUFFER_BYTES);
    } catch (error) {
      socket.close();
      throw bindFailed(options, error);
    }
    return new DgramTransport(socket, options, onDatagram, calls);
  }

  /** True while as many datagrams wait for room as may. */
  get isFull(): boolean {
    return this.#pending >= this.#maximumPending;
  }

  /**
   * Errors are counted for the first datagrams, for one in sixteen after them, and for the next 64 after an error. A datagram that
   * is larger than UDP carries, or for port 0, always counts.
   */
  send(datagram: Buffer, peer: Peer): void {
    // Port 0 is no address to which anything can be sent.
    if (!this.#open || datagram.length > this.#largest || peer.port === 0) {
      this.counters.sendErrors++;
      return;
    }
    if (this.#pending >= this.#maximumPending) {
      this.counters.sendBufferFull++;
      return;
    }
    this.counters.sent++;
    this.#pending++;
    if (this.#batches === undefined) this.#sendAlone(datagram, peer);
    else this.#batches.send(datagram, peer);
  }

  /** By node:dgram, which waits for room where there is none. */
  #sendAlone(datagram: Buffer, peer: Peer): void {
    const callback = this.#isAsked() ? this.#onSent : undefined;
    if (this.#connected) this.#socket.send(datagram, callback);
    else this.#socket.send(datagram, peer.port, peer.address, callback);
  }

  /**
   * To be told of each datagram that it was sent takes a tenth of what an association needs to answer one. So only some are
   * asked about; those before them have left as well, for they leave in order.
   */
  #isAsked(): boolean {
    this.#unasked++;
    if (this.#suspect > 0) this.#suspect--;
    else if (this.#unasked < ASK_EVERY && this.#pending < this.#maximumPending) return false;
    this.#asked.push(this.#unasked);
    this.#unasked = 0;
    return true;
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.#batches?.close();
    await new Promise<void>((resolve) => {
      this.#socket.close(() => {
        resolve();
      });
    });
  }

  readonly #onSent = (error: NodeJS.ErrnoException | null): void => {
    this.#pending -= this.#asked.shift() ?? 0;
    if (error === null) return;
    this.#suspect = SUSPECT_DATAGRAMS;
    if (BUFFER_FULL.has(error.code ?? '')) this.counters.sendBufferFull++;
    else this.counters.sendErrors++;
  };
}

async function bound(socket: Socket, host: string, { port, fd, connect }: DgramTransportOptions): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    const done = (): void => {
      socket.off('error', reject);
      resolve();
    };
    const connected = (): void => {
      if (connect === undefined) done();
      else socket.connect(connect.port, connect.address, done);
    };
    if (fd === undefined) socket.bind(port, host, connected);
    else socket.bind({ fd }, connected);
  });
}

async function addressOf(options: DgramTransportOptions): Promise<string> {
  try {
    return (await lookup(options.host)).address;
  } catch (error) {
    throw bindFailed(options, error);
  }
}

function bindFailed({ host, port }: DgramTransportOptions, cause: unknown): DtlsError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new DtlsError('OSGATE_DTLS_BIND_FAILED', `cannot listen on ${host}:${port}: ${reason}`, { cause });
}
