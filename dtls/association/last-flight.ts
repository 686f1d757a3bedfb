import type { Flight } from '../handshake/flight.ts';

/**
 * The last flight of a handshake, kept by the side that sent it: the peer may not have it, and repeats its own last flight
 * until it does (RFC 6347 4.2.4).
 */
export interface LastFlight {
  readonly flight: Flight;
  readonly mtu: number;
  /** Next sequence number of epoch 0. */
  epochZeroSequence: number;
  sentAt: number;
  answers: number;
  /** When the peer is taken to have it. */
  readonly until: number;
}
