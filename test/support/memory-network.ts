import { octetsOf, type DatagramHandler, type Peer, type Transport, type TransportProtocol } from '../../sip/index.ts';
import type { VirtualScheduler } from './virtual-scheduler.ts';

/** A deterministic source of numbers from 0 to 1 (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Datagrams between in-memory transports, under virtual time, with loss and delay as a seed has them. A TCP transport loses
 * nothing; whether it has a connection and takes what is sent, a test says.
 */
export class MemoryNetwork {
  readonly #scheduler: VirtualScheduler;
  readonly #handlers = new Map<string, DatagramHandler>();
  readonly #random: () => number;
  /** Share of datagrams lost, 0 to 1. */
  loss = 0;
  /** Longest delay in milliseconds; datagrams overtake each other when it is more than one. */
  delay = 1;

  constructor(scheduler: VirtualScheduler, seed = 1) {
    this.#scheduler = scheduler;
    this.#random = seededRandom(seed);
  }

  /** Ports to which no stream connection is open. */
  readonly disconnected = new Set<number>();

  open(
    port: number,
    onDatagram: (datagram: Buffer, source: Peer, transport: Transport) => void,
    protocol: TransportProtocol = 'UDP',
  ): Transport {
    const local = { address: '192.0.2.1', port };
    const transport: Transport = {
      protocol,
      reliable: protocol === 'TCP',
      local,
      sentBy: `192.0.2.1:${port}`,
      send: (message, peer) => {
        const stream = protocol === 'TCP';
        if (!stream && this.#random() < this.loss) return true;
        this.#scheduler.schedule(stream ? 1 : Math.ceil(this.#random() * this.delay), () => {
          this.#handlers.get(`${peer.address}:${peer.port}`)?.(Buffer.from(octetsOf(message)), local);
        });
        return true;
      },
      isConnected: (peer) => protocol === 'UDP' || !this.disconnected.has(peer.port),
      close: async () => {
        this.#handlers.delete(`192.0.2.1:${port}`);
      },
    };
    this.#handlers.set(`192.0.2.1:${port}`, (datagram, source) => {
      onDatagram(datagram, source, transport);
    });
    return transport;
  }
}
