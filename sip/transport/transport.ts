/** A transport address: an IPv4 or IPv6 literal without brackets, and a port. */
export interface Peer {
  readonly address: string;
  readonly port: number;
}

/** Takes a datagram that came in; `datagram` belongs to the receiver. */
export type DatagramHandler = (datagram: Buffer, source: Peer) => void;

/** The transports that there are, by their token in Via (RFC 3261 20.42). */
export type TransportProtocol = 'UDP' | 'TCP';

/** What the SIP core needs of a socket. Sending never throws for a full buffer or an unreachable peer: both are counted. */
export interface Transport {
  /** The token in Via (RFC 3261 20.42). */
  readonly protocol: TransportProtocol;
  /** True when messages arrive in order or the connection is known to have failed, so that nothing is sent again. */
  readonly reliable: boolean;
  /** The bound address. */
  readonly local: Peer;
  /** What stands in Via and Record-Route for this transport: host (IPv6 in brackets) and port. */
  readonly sentBy: string;
  /**
   * Sends one message; a stream opens a connection where there is none. What fails later is told to whoever opened the
   * transport.
   *
   * @returns false when the message cannot go out: the transport is closed, the message too large for a datagram, a bound
   *   on connections or on octets that wait is reached. A datagram for which the socket has no room is lost, not failed.
   */
  send(message: Buffer, peer: Peer): boolean;
  /** True when a connection to that peer is open; for datagrams always. */
  isConnected(peer: Peer): boolean;
  /** That peer has authenticated: a stream keeps its connection beyond the time that strangers have. */
  prove?(peer: Peer): void;
  /** A transaction with that peer timed out: a stream that has been silent as well gives its connection up. */
  suspect?(peer: Peer): void;
  close(): Promise<void>;
}

/** Where a message came from, or goes to: one local transport and one remote address. */
export interface Flow {
  readonly transport: Transport;
  readonly peer: Peer;
}

/** One text for one transport address, as a key of maps. */
export function peerKey({ address, port }: Peer): string {
  return `${address} ${port}`;
}
