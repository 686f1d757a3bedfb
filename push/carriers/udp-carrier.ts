import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';

import type { Recipient } from '../message/index.ts';
import { TokenBucket } from '../token-bucket.ts';
import type { Carrier, CarrierResult, Delivery, UplinkHandler } from './carrier.ts';

export interface UdpAddress {
  /** An IPv4 or IPv6 literal. */
  readonly address: string;
  readonly port: number;
}

export interface UdpCarrierOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Where a subscriber's device listens; undefined for one without such a device. */
  readonly addressOf: (recipient: Recipient) => UdpAddress | undefined;
  readonly uplink: UplinkHandler;
  /** Packages of more octets are not sent, since they would be cut into fragments on the way. */
  readonly maximumOctets: number;
  /** Between a package and its first copy, doubled with each one. */
  readonly retransmitMilliseconds: number;
  readonly maximumCopies: number;
  /** Datagrams in a second that are read of all agents together; beyond that they are dropped. */
  readonly uplinkPerSecond: number;
}

/**
 * Packages as bare datagrams, for devices without SIP. What is in them is protected by the push layer; the transport adds
 * nothing. Copies are sent until the agent has answered.
 */
export class UdpCarrier implements Carrier {
  readonly name = 'udp';
  readonly counters = { sent: 0, copies: 0, received: 0, dropped: 0, sendErrors: 0 };
  readonly #socket: Socket;
  readonly #options: UdpCarrierOptions;
  readonly #uplink: TokenBucket;

  private constructor(socket: Socket, options: UdpCarrierOptions) {
    this.#socket = socket;
    this.#options = options;
    const { uplinkPerSecond } = options;
    this.#uplink = new TokenBucket(uplinkPerSecond, uplinkPerSecond, () => performance.now());
    socket.on('message', this.#receive);
    // Such as an ICMP error of an agent that is gone: what goes to others goes on.
    socket.on('error', () => {
      this.counters.sendErrors++;
    });
  }

  /** @throws the system's error when the address cannot be bound */
  static async open(options: UdpCarrierOptions): Promise<UdpCarrier> {
    const socket = createSocket(isIPv6(options.host) ? { type: 'udp6', ipv6Only: true } : { type: 'udp4' });
    socket.bind(options.port, options.host);
    await once(socket, 'listening');
    return new UdpCarrier(socket, options);
  }

  /** The bound address. */
  get local(): UdpAddress {
    return this.#socket.address();
  }

  canReach(recipient: Recipient): boolean {
    return this.#options.addressOf(recipient) !== undefined;
  }

  async deliver({ recipient, octets, answered }: Delivery): Promise<CarrierResult> {
    const { addressOf, maximumOctets, retransmitMilliseconds, maximumCopies } = this.#options;
    const address = addressOf(recipient);
    if (address === undefined) return { outcome: 'failed', temporary: false, reason: 'no-address' };
    if (octets.length > maximumOctets) return { outcome: 'failed', temporary: false, reason: 'too-large' };
    const failure = await this.#send(octets, address);
    if (failure) return { outcome: 'failed', temporary: true, reason: 'udp-send' };
    this.counters.sent++;
    this.#repeat(octets, address, answered, retransmitMilliseconds, maximumCopies);
    return { outcome: 'sent' };
  }

  async close(): Promise<void> {
    const closed = once(this.#socket, 'close');
    this.#socket.close();
    await closed;
  }

  #repeat(octets: Buffer, address: UdpAddress, answered: AbortSignal, delay: number, copies: number): void {
    if (copies === 0 || answered.aborted) return;
    const stop = (): void => {
      clearTimeout(timer);
    };
    const timer = setTimeout(() => {
      answered.removeEventListener('abort', stop);
      this.counters.copies++;
      // A copy that is lost in the socket is lost as one on the way.
      void this.#send(octets, address);
      this.#repeat(octets, address, answered, delay * 2, copies - 1);
    }, delay);
    timer.unref();
    answered.addEventListener('abort', stop, { once: true });
  }

  /** True when it failed. */
  #send(octets: Buffer, { address, port }: UdpAddress): Promise<boolean> {
    return new Promise((resolve) => {
      try {
        this.#socket.send(octets, port, address, (error) => {
          if (error !== null) this.counters.sendErrors++;
          resolve(error !== null);
        });
      } catch {
        // The socket is closed.
        resolve(true);
      }
    });
  }

  readonly #receive = (octets: Buffer): void => {
    if (this.#uplink.take() > 0) {
      this.counters.dropped++;
      return;
    }
    this.counters.received++;
    this.#options.uplink(octets);
  };
}
