import type { Peer } from '../transport/peer.ts';
import type { AssociationEntry } from './association-entry.ts';

/**
 * The associations of a server, by address and by connection identifier. At one address there is at most one association and
 * beside it at most one handshake that may take its place (RFC 6347 4.2.8). Associations with connection identifiers may have
 * moved to an address that another one has; they are then found by their identifier alone.
 */
export class AssociationTable {
  readonly #byPeer = new Map<string, AssociationEntry>();
  readonly #challengers = new Map<string, AssociationEntry>();
  readonly #byConnectionId = new Map<string, AssociationEntry>();
  readonly #halfOpenByAddress = new Map<string, number>();
  #size = 0;
  #halfOpen = 0;

  /** Established associations. */
  get size(): number {
    return this.#size;
  }

  get halfOpen(): number {
    return this.#halfOpen;
  }

  halfOpenOf(address: string): number {
    return this.#halfOpenByAddress.get(address) ?? 0;
  }

  *established(): Iterable<AssociationEntry> {
    for (const entry of this.all()) if (entry.core.state === 'established') yield entry;
  }

  at(peer: Peer): AssociationEntry | undefined {
    return this.#byPeer.get(peerKey(peer));
  }

  challengerAt(peer: Peer): AssociationEntry | undefined {
    return this.#challengers.size === 0 ? undefined : this.#challengers.get(peerKey(peer));
  }

  /** @param end behind the last octet of the connection identifier */
  byConnectionId(datagram: Buffer, start: number, end: number): AssociationEntry | undefined {
    return this.#byConnectionId.get(datagram.toString('latin1', start, end));
  }

  hasConnectionId(id: Buffer): boolean {
    return this.#byConnectionId.has(connectionIdKey(id));
  }

  /** Takes in a handshake: as the association at its address, or beside the established one that is there. */
  addHalfOpen(entry: AssociationEntry, random: Buffer): void {
    entry.random = random;
    const { peer } = entry;
    const key = peerKey(peer);
    entry.peerKey = key;
    (this.#byPeer.has(key) ? this.#challengers : this.#byPeer).set(key, entry);
    entry.halfOpenAddress = peer.address;
    this.#halfOpen++;
    this.#halfOpenByAddress.set(peer.address, this.halfOpenOf(peer.address) + 1);
  }

  /** @returns the association whose place at this address it took */
  establish(entry: AssociationEntry): AssociationEntry | undefined {
    this.#endHandshake(entry);
    this.#size++;
    // The peer may have wanted none.
    if (entry.core.localCid.length === 0) this.#removeConnectionId(entry);
    const key = keyOf(entry);
    if (this.#challengers.size === 0 || this.#challengers.get(key) !== entry) return undefined;
    this.#challengers.delete(key);
    const displaced = this.#byPeer.get(key);
    this.#byPeer.set(key, entry);
    return displaced;
  }

  /** Takes in an association that is established already; false when its address or its connection identifier is taken. */
  addEstablished(entry: AssociationEntry): boolean {
    const key = peerKey(entry.peer);
    const { localCid } = entry.core;
    const isTaken = this.#byPeer.has(key);
    if (localCid.length === 0 ? isTaken : this.hasConnectionId(localCid)) return false;
    entry.peerKey = key;
    if (!isTaken) this.#byPeer.set(key, entry);
    this.addConnectionId(entry);
    this.#size++;
    return true;
  }

  /**
   * The peer of an association is elsewhere now.
   *
   * @returns false when another association has that address; it keeps it, for it may have no connection identifier
   */
  move(entry: AssociationEntry, peer: Peer): boolean {
    this.#removeAddress(entry);
    entry.peer = peer;
    const key = peerKey(peer);
    entry.peerKey = key;
    if (this.#byPeer.has(key)) return false;
    this.#byPeer.set(key, entry);
    return true;
  }

  remove(entry: AssociationEntry): void {
    if (entry.halfOpenAddress === undefined) this.#size--;
    else this.#endHandshake(entry);
    this.#removeAddress(entry);
    this.#removeConnectionId(entry);
  }

  /** All, handshakes as well. */
  *all(): Iterable<AssociationEntry> {
    yield* new Set([...this.#byPeer.values(), ...this.#challengers.values(), ...this.#byConnectionId.values()]);
  }

  /** Lets the association be found by its connection identifier, if it has one. */
  addConnectionId(entry: AssociationEntry): void {
    const { localCid } = entry.core;
    if (localCid.length === 0) return;
    entry.connectionIdKey = connectionIdKey(localCid);
    this.#byConnectionId.set(entry.connectionIdKey, entry);
  }

  #removeConnectionId(entry: AssociationEntry): void {
    const { connectionIdKey: key } = entry;
    entry.connectionIdKey = undefined;
    if (key !== undefined && this.#byConnectionId.get(key) === entry) this.#byConnectionId.delete(key);
  }

  /** A handshake beside the association takes its place. */
  #removeAddress(entry: AssociationEntry): void {
    const key = keyOf(entry);
    const challenger = this.#challengers.size === 0 ? undefined : this.#challengers.get(key);
    if (challenger === entry) this.#challengers.delete(key);
    if (this.#byPeer.get(key) !== entry) return;
    this.#byPeer.delete(key);
    if (challenger === undefined) return;
    this.#challengers.delete(key);
    this.#byPeer.set(key, challenger);
  }

  #endHandshake(entry: AssociationEntry): void {
    const address = entry.halfOpenAddress;
    if (address === undefined) return;
    entry.halfOpenAddress = undefined;
    entry.random = undefined;
    this.#halfOpen--;
    const left = this.halfOpenOf(address) - 1;
    if (left > 0) this.#halfOpenByAddress.set(address, left);
    else this.#halfOpenByAddress.delete(address);
  }
}

/** The text under which the table has the entry: made once, and the one that the map itself holds. */
function keyOf(entry: AssociationEntry): string {
  return entry.peerKey ?? peerKey(entry.peer);
}

/** One text for one transport address. */
function peerKey({ address, port }: Peer): string {
  return `${address} ${port}`;
}

/** One character an octet. */
function connectionIdKey(id: Buffer): string {
  return id.toString('latin1');
}
