/** Bounds on the connections of one stream transport. At a bound the new is refused and counted, the old goes on. */
export interface StreamLimits {
  /** Connections that peers opened. */
  readonly maximumConnections: number;
  /** Connections that peers opened from one address. */
  readonly maximumConnectionsPerAddress: number;
  /** Connections that we opened. */
  readonly maximumOutgoingConnections: number;
  /** Octets from the start line of a message to the empty line. */
  readonly maximumHeaderBytes: number;
  /** Octets of one message. */
  readonly maximumMessageBytes: number;
  /** Octets that may wait to be sent on one connection. */
  readonly maximumPendingBytes: number;
  /** How long opening a connection may take. */
  readonly connectTimeoutMilliseconds: number;
  /** How long a peer that opened a connection may go without `Transport.prove`. */
  readonly authenticationTimeoutMilliseconds: number;
  /** How long one message may take from its first octet to its last, and what waits to be sent may make no progress. */
  readonly messageTimeoutMilliseconds: number;
  /** How long a connection may carry nothing in either direction. */
  readonly idleTimeoutMilliseconds: number;
  /** How long a peer that lets a transaction time out must have been silent to be thought dead. */
  readonly deadPeerMilliseconds: number;
}

export const DEFAULT_STREAM_LIMITS: StreamLimits = {
  maximumConnections: 20_000,
  maximumConnectionsPerAddress: 200,
  maximumOutgoingConnections: 2000,
  maximumHeaderBytes: 32_768,
  maximumMessageBytes: 65_535,
  maximumPendingBytes: 1_048_576,
  connectTimeoutMilliseconds: 2000,
  authenticationTimeoutMilliseconds: 30_000,
  messageTimeoutMilliseconds: 10_000,
  idleTimeoutMilliseconds: 3_600_000,
  deadPeerMilliseconds: 10_000,
};
