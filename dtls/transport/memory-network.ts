import type { DatagramHandler, DatagramTransport } from './datagram-transport.ts';
import type { Peer } from './peer.ts';

/** What happens to one datagram on its way: the copies that arrive, each after so many milliseconds; none is a loss. */
export type Fate = readonly number[];

export interface MemoryNetworkOptions {
  /** Runs `deliver` after `milliseconds`; `setTimeout` where absent. */
  readonly schedule?: (deliver: () => void, milliseconds: number) => void;
  /** Decides over each datagram; without it every one arrives once, at once. */
  readonly fate?: (datagram: Buffer, from: Peer, to: Peer) => Fate;
}

/**
 * A network inside the process: addresses are whatever its users say, and a datagram to nobody is lost. For tests and for
 * programs that carry DTLS over something else than UDP.
 */
export class MemoryNetwork {
  readonly #schedule: (deliver: () => void, milliseconds: number) => void;
  readonly #fate: (datagram: Buffer, from: Peer, to: Peer) => Fate;
  readonly #handlers = new Map<string, DatagramHandler>();

  constructor({ schedule = defaultSchedule, fate = () => [0] }: MemoryNetworkOptions = {}) {
    this.#schedule = schedule;
    this.#fate = fate;
  }

  /** A transport at that address, in place of one that was there. */
  open(local: Peer, onDatagram: DatagramHandler): DatagramTransport {
    const key = keyOf(local);
    this.#handlers.set(key, onDatagram);
    return {
      local,
      send: (datagram, peer) => {
        this.deliver(datagram, local, peer);
      },
      close: async () => {
        if (this.#handlers.get(key) === onDatagram) this.#handlers.delete(key);
      },
    };
  }

  /** Sends as `from`, whoever that is. */
  deliver(datagram: Buffer, from: Peer, to: Peer): void {
    for (const milliseconds of this.#fate(datagram, from, to)) {
      this.#schedule(() => {
        // Each receiver owns what it gets.
        this.#handlers.get(keyOf(to))?.(Buffer.from(datagram), from);
      }, milliseconds);
    }
  }
}

function keyOf({ address, port }: Peer): string {
  return `${address} ${port}`;
}

function defaultSchedule(deliver: () => void, milliseconds: number): void {
  setTimeout(deliver, milliseconds);
}
