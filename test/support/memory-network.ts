import type { DatagramHandler, Peer, Transport } from '../../sip/index.ts';
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

/** Datagrams between in-memory transports, under virtual time, with loss and delay as a seed has them. */
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

  open(port: number, onDatagram: (datagram: Buffer, source: Peer, transport: Transport) => void): Transport {
    const local = { address: '192.0.2.1', port };
    const transport: Transport = {
      protocol: 'UDP',
      reliable: false,
      local,
      sentBy: `192.0.2.1:${port}`,
      send: (message, peer) => {
        if (this.#random() < this.loss) return;
        this.#scheduler.schedule(Math.ceil(this.#random() * this.delay), () => {
          this.#handlers.get(`${peer.address}:${peer.port}`)?.(Buffer.from(message), local);
        });
      },
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
