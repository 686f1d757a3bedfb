/** Why an association ended. A word for each, because operators and applications act on it. */
export type CloseReason =
  /** close() was called here. */
  | 'closed'
  /** The peer sent close_notify. */
  | 'peer-closed'
  /** The peer sent a fatal alert. */
  | 'peer-alert'
  /** The peer broke the protocol, or the handshake could not agree; a fatal alert was sent. */
  | 'handshake-failure'
  /** The handshake did not end in time. */
  | 'handshake-timeout'
  /** Nothing was received for the idle time. */
  | 'idle'
  /** The pre-shared key has reached its expiry. */
  | 'key-expired'
  /** A key has protected, or refused, as many records as it may (RFC 9147 4.5.3). */
  | 'usage-limit'
  /** A new association of the same peer took its place. */
  | 'replaced'
  /** The shell has no room or is going down. */
  | 'shutdown';
