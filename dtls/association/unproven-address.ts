/** Octets to an unproven address for one from there: what RFC 9000 8 and RFC 9147 5.1 allow as well. */
const FACTOR = 3;

/**
 * How much may be sent to an address that a peer has moved to, and that nothing but its newest record speaks for (RFC 9146 6): at most
 * three times what authenticated from there. So who sends a record of the peer on from the address of a third party does not get
 * more sent there than three times what it spends. A newest record that comes from there after something was sent there proves the
 * address.
 */
export class UnprovenAddress {
  #received = 0;
  #sent = 0;

  /** @param octets of an authentic record from there. @returns whether that proves the address */
  receive(octets: number, isNewest: boolean): boolean {
    this.#received += octets;
    return isNewest && this.#sent > 0;
  }

  /** Whether a datagram may be sent there; it is then taken for sent. */
  send(octets: number): boolean {
    if (this.#sent + octets > FACTOR * this.#received) return false;
    this.#sent += octets;
    return true;
  }
}
