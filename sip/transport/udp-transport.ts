import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { isIP, isIPv6 } from 'node:net';

import { SipError } from '../errors.ts';
import { formatHost } from '../message/index.ts';
import type { DatagramBatches } from './batch/datagram-batches.ts';
import { openBatches, type BatchOptions } from './batch/open-batches.ts';
import { systemCalls, type SystemCalls } from './batch/system-calls.ts';
import { octetsOf, type DatagramHandler, type Peer, type Transport } from './transport.ts';

export interface UdpTransportOptions {
  /** An IPv4 or IPv6 address, or a name that resolves to one. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** What peers see, behind NAT for instance; the bound address where absent. */
  readonly advertised?: { readonly host: string; readonly port?: number | undefined };
  /** Lets several processes bind the same port; the kernel shares datagrams out by flow. */
  readonly reusePort?: boolean;
  /** A socket that is bound already, inherited from another process, in place of a new one. */
  readonly fd?: number;
  /** SO_RCVBUF in octets; bursts beyond it are lost by the kernel. */
  readonly receiveBufferBytes?: number;
  /** SO_SNDBUF in octets. */
  readonly sendBufferBytes?: number;
  /** Datagrams that may wait for room in the send buffer; more are lost, as they would be in a full network. */
  readonly maximumPendingDatagrams?: number;
  /** Reads and sends several datagrams with one system call, where the system and koffi are there for it. */
  readonly batches?: BatchOptions;
  /** A datagram could not be sent to that peer: no route there, for instance. */
  readonly onUnreachable?: (peer: Peer) => void;
}

/** Large enough that a burst of some thousand messages waits rather than is lost. */
const DEFAULT_BUFFER_BYTES = 4 * 1024 * 1024;

const DEFAULT_PENDING_DATAGRAMS = 16_384;

/** What UDP can carry in one datagram: 65,535 less the headers of UDP and, over IPv4, of IP. */
const LARGEST_DATAGRAM = { udp4: 65_507, udp6: 65_527 };

/** Errors that say that the system has no room at the moment, not that the peer cannot be reached. */
const BUFFER_FULL = new Set(['EAGAIN', 'ENOBUFS', 'ENOMEM']);

/** UDP over node:dgram (RFC 3261 18). A datagram that cannot be sent is counted; the transactions will send it again. */
export class UdpTransport implements Transport {
  readonly protocol = 'UDP';
  readonly reliable = false;
  readonly local: Peer;
  readonly sentBy: string;
  /** `receivedInBatches` and `sentInBatches` are those of all that had no system call of their own. */
  readonly counters = {
    received: 0,
    receivedInBatches: 0,
    sent: 0,
    sentInBatches: 0,
    sendErrors: 0,
    sendBufferFull: 0,
  };
  readonly #socket: Socket;
  readonly #largest: number;
  readonly #maximumPending: number;
  readonly #onUnreachable: ((peer: Peer) => void) | undefined;
  readonly #batches: DatagramBatches | undefined;
  #pending = 0;
  #open = true;

  private constructor(
    socket: Socket,
    options: UdpTransportOptions,
    handler: DatagramHandler,
    calls: SystemCalls | undefined,
  ) {
    this.#socket = socket;
    this.#largest = LARGEST_DATAGRAM[isIPv6(socket.address().address) ? 'udp6' : 'udp4'];
    this.#maximumPending = options.maximumPendingDatagrams ?? DEFAULT_PENDING_DATAGRAMS;
    this.#onUnreachable = options.onUnreachable;
    const { address, port } = socket.address();
    this.local = { address, port };
    this.sentBy = `${formatHost(options.advertised?.host ?? address)}:${options.advertised?.port ?? port}`;
    const onDatagram: DatagramHandler = (datagram, source) => {
      this.counters.received++;
      handler(datagram, source);
    };
    const batches = openBatches(calls, socket, options, {
      onDatagram: (datagram, source) => {
        this.counters.receivedInBatches++;
        onDatagram(datagram, source);
      },
      onSent: this.#haveLeft,
      onLeft: this.#sendAlone,
      onFailed: this.#sendFailed,
    });
    this.#batches = batches;
    socket.on('message', (datagram, source) => {
      onDatagram(datagram, source);
      batches?.readOthers();
    });
    // ICMP errors of earlier datagrams surface here; the socket itself goes on.
    socket.on('error', () => {
      this.counters.sendErrors++;
    });
  }

  /** @throws SipError OSGATE_SIP_BIND_FAILED */
  static async open(options: UdpTransportOptions, onDatagram: DatagramHandler): Promise<UdpTransport> {
    const host = isIP(options.host) === 0 ? await addressOf(options) : options.host;
    const calls = options.batches === undefined ? undefined : systemCalls();
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
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject);
        const bound = (): void => {
          socket.off('error', reject);
          resolve();
        };
        if (options.fd === undefined) socket.bind(options.port, host, bound);
        else socket.bind({ fd: options.fd }, bound);
      });
      socket.setRecvBufferSize(options.receiveBufferBytes ?? DEFAULT_BUFFER_BYTES);
      socket.setSendBufferSize(options.sendBufferBytes ?? DEFAULT_BUFFER_BYTES);
    } catch (error) {
      socket.close();
      throw bindFailed(options, error);
    }
    return new UdpTransport(socket, options, onDatagram, calls);
  }

  /** True while nothing more may wait for room in the send buffer. */
  get isFull(): boolean {
    return this.#pending >= this.#maximumPending;
  }

  send(message: Buffer | string, peer: Peer): boolean {
    // A Via may name port 0, to which nothing can be sent.
    if (!this.#open || message.length > this.#largest || peer.port === 0) {
      this.counters.sendErrors++;
      return false;
    }
    if (this.isFull) {
      this.counters.sendBufferFull++;
      return true;
    }
    this.counters.sent++;
    this.#pending++;
    if (this.#batches === undefined) this.#sendAlone(message, peer);
    else this.#batches.send(message, peer);
    return true;
  }

  isConnected(): boolean {
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

  /** By node:dgram, which waits for room where there is none. */
  readonly #sendAlone = (message: Buffer | string, peer: Peer): void => {
    this.#socket.send(octetsOf(message), peer.port, peer.address, this.#onSent);
  };

  readonly #haveLeft = (count: number): void => {
    this.#pending -= count;
    this.counters.sentInBatches += count;
  };

  readonly #sendFailed = (peer: Peer): void => {
    this.#pending--;
    this.counters.sendErrors++;
    this.#onUnreachable?.(peer);
  };

  readonly #onSent = (error: SendError | null): void => {
    this.#pending--;
    if (error === null) return;
    if (BUFFER_FULL.has(error.code ?? '')) {
      this.counters.sendBufferFull++;
      return;
    }
    this.counters.sendErrors++;
    const { address, port } = error;
    if (address !== undefined && port !== undefined) this.#onUnreachable?.({ address, port });
  };
}

/** What node:dgram says of a datagram that it could not send. */
interface SendError extends Error {
  readonly code?: string;
  readonly address?: string;
  readonly port?: number;
}

async function addressOf(options: UdpTransportOptions): Promise<string> {
  try {
    return (await lookup(options.host)).address;
  } catch (error) {
    throw bindFailed(options, error);
  }
}

function bindFailed({ host, port }: UdpTransportOptions, cause: unknown): SipError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new SipError('OSGATE_SIP_BIND_FAILED', `cannot listen on ${host}:${port}: ${reason}`, { cause });
}
