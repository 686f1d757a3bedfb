import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';

import { SipError } from '../errors.ts';
import { formatHost } from '../message/index.ts';
import type { DatagramHandler, Peer, Transport } from './transport.ts';

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
}

/** Large enough that a burst of some thousand messages waits rather than is lost. */
const DEFAULT_BUFFER_BYTES = 4 * 1024 * 1024;

/** UDP over node:dgram (RFC 3261 18). A datagram that cannot be sent is counted; the transactions will send it again. */
export class UdpTransport implements Transport {
  readonly protocol = 'UDP';
  readonly reliable = false;
  readonly local: Peer;
  readonly sentBy: string;
  readonly counters = { received: 0, sent: 0, sendErrors: 0 };
  readonly #socket: Socket;
  #open = true;

  private constructor(socket: Socket, options: UdpTransportOptions, onDatagram: DatagramHandler) {
    this.#socket = socket;
    const { address, port } = socket.address();
    this.local = { address, port };
    this.sentBy = `${formatHost(options.advertised?.host ?? address)}:${options.advertised?.port ?? port}`;
    socket.on('message', (datagram, source) => {
      this.counters.received++;
      onDatagram(datagram, source);
    });
    // ICMP errors of earlier datagrams surface here; the socket itself goes on.
    socket.on('error', () => {
      this.counters.sendErrors++;
    });
  }

  /** @throws SipError OSGATE_SIP_BIND_FAILED */
  static async open(options: UdpTransportOptions, onDatagram: DatagramHandler): Promise<UdpTransport> {
    const socket = createSocket({
      type: isIPv6(options.host) ? 'udp6' : 'udp4',
      reusePort: options.reusePort ?? false,
    });
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject);
        const bound = (): void => {
          socket.off('error', reject);
          resolve();
        };
        if (options.fd === undefined) socket.bind(options.port, options.host, bound);
        else socket.bind({ fd: options.fd }, bound);
      });
      socket.setRecvBufferSize(options.receiveBufferBytes ?? DEFAULT_BUFFER_BYTES);
      socket.setSendBufferSize(options.sendBufferBytes ?? DEFAULT_BUFFER_BYTES);
    } catch (error) {
      socket.close();
      const reason = error instanceof Error ? error.message : String(error);
      throw new SipError('OSGATE_SIP_BIND_FAILED', `cannot listen on ${options.host}:${options.port}: ${reason}`, {
        cause: error,
      });
    }
    return new UdpTransport(socket, options, onDatagram);
  }

  send(message: Buffer, peer: Peer): void {
    if (!this.#open) {
      this.counters.sendErrors++;
      return;
    }
    this.counters.sent++;
    this.#socket.send(message, peer.port, peer.address, this.#onSent);
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await new Promise<void>((resolve) => {
      this.#socket.close(() => {
        resolve();
      });
    });
  }

  readonly #onSent = (error: Error | null): void => {
    if (error !== null) this.counters.sendErrors++;
  };
}
