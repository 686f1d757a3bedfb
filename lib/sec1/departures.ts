import { reachBit, type Reach, type Transport } from '../../sip/index.ts';
import type { SipListener } from './sip-listener.ts';

/** The transports that a message may leave by. */
export class Departures {
  readonly #listeners: readonly SipListener[];
  readonly #isInside: (listener: SipListener) => boolean;

  /** @param isInside whether a listener faces the inside */
  constructor(listeners: readonly SipListener[], isInside: (listener: SipListener) => boolean) {
    this.#listeners = listeners;
    this.#isInside = isInside;
  }

  /**
   * The transport of `listener` that reaches the address, or of another listener on the same side: IPv4 and IPv6 have
   * listeners of their own.
   *
   * @param protocol the token of a URI's transport parameter in upper case; undefined for whatever there is, UDP first
   */
  find(listener: SipListener, address: string, protocol: string | undefined): Transport | undefined {
    const own = pick(listener, address, protocol);
    if (own !== undefined) return own;
    const inside = this.#isInside(listener);
    for (const other of this.#listeners) {
      if (other === listener || this.#isInside(other) !== inside) continue;
      const transport = pick(other, address, protocol);
      if (transport !== undefined) return transport;
    }
    return undefined;
  }

  /** What can be reached from the side of `listener`. */
  reach(listener: SipListener): Reach {
    const inside = this.#isInside(listener);
    let reach = 0;
    for (const other of this.#listeners) {
      if (other !== listener && this.#isInside(other) !== inside) continue;
      for (const { protocol, local } of other.transports) reach |= reachBit(protocol, isSix(local.address) ? 6 : 4);
    }
    return reach;
  }
}

function pick({ transports }: SipListener, address: string, protocol: string | undefined): Transport | undefined {
  const six = isSix(address);
  for (const transport of transports) {
    const fits = protocol === undefined || transport.protocol === protocol;
    if (fits && isSix(transport.local.address) === six) return transport;
  }
  return undefined;
}

/** Of an address literal. */
function isSix(address: string): boolean {
  return address.includes(':');
}
