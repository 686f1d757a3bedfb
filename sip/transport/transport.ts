/** A transport address: an IPv4 or IPv6 literal without brackets, and a port. */
export interface Peer {
  readonly address: string;
  readonly port: number;
  /**
   * Where the transport has associations whose peers may move from address to address (DTLS with connection ids): the number
   * of the association, 32 bits, which stands for the peer in place of the address.
   */
  readonly association?: number;
}

/** Takes a datagram that came in; `datagram` is lent until the receiver returns, which copies what it keeps. */
export type DatagramHandler = (datagram: Buffer, source: Peer) => void;

/** The octets of what a transport is to send. */
export function octetsOf(message: Buffer | string): Buffer {
  return typeof message === 'string' ? Buffer.from(message, 'latin1') : message;
}

/** The transports that there are, by their token in Via (RFC 3261 20.42). */
export type TransportProtocol = 'UDP' | 'TCP' | typeof DTLS_VIA_TRANSPORT;

/**
 * SIP over DTLS over UDP in Via. Unconfirmed: draft-jennings-sip-dtls never became an RFC, and implementations agree on this
 * spelling. The transport parameter of a URI is the same in lower case.
 */
export const DTLS_VIA_TRANSPORT = 'DTLS-UDP';

/** How else peers spell {@link DTLS_VIA_TRANSPORT} in Via. Unconfirmed (reSIProcate). */
const OTHER_DTLS_VIA_TRANSPORTS: ReadonlySet<string> = new Set(['DTLS']);

/** True for a token of Via, in upper case, that means DTLS. */
export function isDtlsViaTransport(protocol: string): boolean {
  return protocol === DTLS_VIA_TRANSPORT || OTHER_DTLS_VIA_TRANSPORTS.has(protocol);
}

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
   * Sends one message, octets or a text with one character for each; a stream opens a connection where there is none. What fails later is told to whoever opened the
   * transport.
   *
   * @returns false when the message cannot go out: the transport is closed, the message too large for a datagram, a bound
   *   on connections or on octets that wait is reached. A datagram for which the socket has no room is lost, not failed.
   */
  send(message: Buffer | string, peer: Peer): boolean;
  /** True when a connection or an association to that peer is open; for plain datagrams always. */
  isConnected(peer: Peer): boolean;
  /** True when the peer proved who it is to the transport itself: by the handshake of its association. */
  isAuthenticated?(peer: Peer): boolean;
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

/** One text for one transport address, or one association, as a key of maps. */
export function peerKey({ address, port, association }: Peer): string {
  return association === undefined ? `${address} ${port}` : `#${association}`;
}
