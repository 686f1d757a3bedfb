/** Octets to an unproven address for one from there: what RFC 9000 8 and RFC 9147 5.1 allow as well. */
const FACTOR = 3;

/**
 * How much may be sent to an address that a peer has moved to, and that nothing but its newest record speaks for (RFC 9146 6): three times
 * what authenticated from there, or a fixed allowance where that is more. So who sends a record of the peer on from the address of
 * a third party draws little there, and a peer that has said next to nothing since it moved still gets a message. A newest record
 * that comes from there after something was sent there proves the address.
 */
export class UnprovenAddress {
  readonly #allowance: number;
  #received = 0;
  #sent = 0;

  /** @param allowance octets that may be sent whatever came */
  constructor(allowance: number) {
    this.#allowance = allowance;
  }

  /** @param octets of an authentic record from there. @returns whether that proves the address */
  receive(octets: number, isNewest: boolean): boolean {
    this.#received += octets;
    return isNewest && this.#sent > 0;
  }

  /** Whether a datagram may be sent there; it is then taken for sent. */
  send(octets: number): boolean {
    if (this.#sent + octets > Math.max(FACTOR * this.#received, this.#allowance)) return false;
    this.#sent += octets;
    return true;
  }
}
