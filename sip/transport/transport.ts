/** A transport address: an IPv4 or IPv6 literal without brackets, and a port. */
export interface Peer {
  readonly address: string;
  readonly port: number;
}

/** Takes a datagram that came in; `datagram` belongs to the receiver. */
export type DatagramHandler = (datagram: Buffer, source: Peer) => void;

/** What the SIP core needs of a socket. Sending never throws for a full buffer or an unreachable peer: both are counted. */
export interface Transport {
  /** The token in Via (RFC 3261 20.42). */
  readonly protocol: 'UDP';
  readonly reliable: boolean;
  /** The bound address. */
  readonly local: Peer;
  /** What stands in Via and Record-Route for this transport: host (IPv6 in brackets) and port. */
  readonly sentBy: string;
  send(message: Buffer, peer: Peer): void;
  close(): Promise<void>;
}

/** Where a message came from, or goes to: one local transport and one remote address. */
export interface Flow {
  readonly transport: Transport;
  readonly peer: Peer;
}
