/** Bounds and times of one association. Times are in milliseconds, sizes in octets. */
export interface AssociationLimits {
  /** Largest datagram that a handshake sends at first; it shrinks after repeated time-outs. */
  readonly mtu: number;
  /** The retransmission timer starts at this, and doubles (RFC 6347 4.2.4.1). */
  readonly initialRetransmission: number;
  readonly maximumRetransmission: number;
  /** Time-outs of one flight after which its datagrams shrink. */
  readonly timeoutsBeforeBackOff: number;
  /** Least time between two answers to repeated flights of the peer. */
  readonly duplicateInterval: number;
  /** Answers to repeated flights in one flight's life. */
  readonly maximumDuplicateAnswers: number;
  readonly handshakeTimeout: number;
  /** An established association from which nothing comes for so long ends; 0 for never. */
  readonly idleTimeout: number;
  /** How long the last flight is kept for a peer that may not have it, twice the maximum segment lifetime (RFC 6347 4.2.4). */
  readonly lastFlightLifetime: number;
  /** Largest handshake message. */
  readonly maximumMessage: number;
  /** Octets that one handshake may keep of messages that are not whole, or not next. */
  readonly maximumReassembly: number;
  /** Fragments of one message. */
  readonly maximumFragments: number;
  /** Messages beyond the next expected one that are kept. */
  readonly maximumFutureMessages: number;
  /** Records that are kept until there are keys for them. */
  readonly maximumEarlyRecords: number;
  /** Handshake records that do not authenticate before the handshake is given up with an alert. */
  readonly maximumBadHandshakeRecords: number;
  /** Certificates of a peer's chain. */
  readonly maximumCertificates: number;
  /** Octets that may go to an address to which a peer has moved and that is not proven yet; three times what came from there, where that is more. */
  readonly unprovenAddressAllowance: number;
  /** A peer that did not answer a return routability check in this time has not moved. */
  readonly pathCheckTimeout: number;
}

export const DEFAULT_ASSOCIATION_LIMITS: AssociationLimits = {
  mtu: 1200,
  initialRetransmission: 1000,
  maximumRetransmission: 60_000,
  timeoutsBeforeBackOff: 2,
  duplicateInterval: 400,
  maximumDuplicateAnswers: 16,
  handshakeTimeout: 30_000,
  idleTimeout: 3_600_000,
  lastFlightLifetime: 240_000,
  maximumMessage: 32_768,
  maximumReassembly: 65_536,
  maximumFragments: 256,
  maximumFutureMessages: 10,
  maximumEarlyRecords: 4,
  maximumBadHandshakeRecords: 2,
  maximumCertificates: 10,
  unprovenAddressAllowance: 4096,
  pathCheckTimeout: 1000,
};
