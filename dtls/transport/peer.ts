/** A transport address: an IPv4 or IPv6 literal without brackets, and a port. */
export interface Peer {
  readonly address: string;
  readonly port: number;
}

/** True when both name the same address and port. */
export function isSamePeer(one: Peer, other: Peer): boolean {
  return one === other || (one.port === other.port && one.address === other.address);
}
