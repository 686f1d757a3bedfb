import type { Peer } from './peer.ts';

/** Takes a datagram that came in; `datagram` belongs to the receiver. */
export type DatagramHandler = (datagram: Buffer, source: Peer) => void;

/**
 * What DTLS needs of a socket. Sending never throws: a full send buffer and an unreachable peer are states, counted by the
 * transport, and the protocol sends again what matters.
 */
export interface DatagramTransport {
  /** The bound address, where there is one. */
  readonly local?: Peer | undefined;
  /** True while the send buffer has no room: application data is then refused instead of lost. */
  readonly isFull?: boolean | undefined;
  /** Sends one datagram. It must not be changed afterwards. */
  send(datagram: Buffer, peer: Peer): void;
  close(): Promise<void>;
}
