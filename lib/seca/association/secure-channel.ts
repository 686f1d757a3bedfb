import type { Peer } from '../../../sip/index.ts';
import type { OsgateError } from '../../errors.ts';

/** Why an association that had come about is over. */
export type ChannelEnd =
  /** We closed it. */
  | 'closed'
  /** The gateway closed it (close_notify), or ended it with an alert. */
  | 'closed-by-peer'
  /** The key behind it is over. */
  | 'key-expired'
  | 'failed';

/** What a client tells of the association that it made. */
export interface ChannelEvents {
  onMessage(datagram: Buffer): void;
  onEnd(end: ChannelEnd): void;
}

/** One DTLS association with the gateway, whichever client made it. */
export interface SecureChannel {
  /** The local address, as far as it is known. */
  readonly local: Peer | undefined;
  /** IANA name. */
  readonly cipherSuite: string;
  /** Whether records to the gateway carry its connection id, so that another address of ours does no harm. */
  readonly hasConnectionId: boolean;
  /** False when the datagram cannot go out. */
  send(datagram: Buffer): boolean;
  /** Resolves when everything is freed; `onEnd` is not called any more. */
  close(): Promise<void>;
}

/** What a client of DTLS is asked to do in one attempt. */
export interface ChannelAttempt {
  readonly events: ChannelEvents;
  /** Gives the attempt up. */
  readonly signal: AbortSignal;
  /** Gives the identity and the key once the suite is known. What it rejects with ends the attempt. */
  readonly psk: (hint: string | undefined, cipherSuite: number) => Promise<ChannelPsk>;
}

export interface ChannelPsk {
  readonly identity: string;
  /** Secret. */
  readonly key: Buffer;
  /** Milliseconds since 1970-01-01T00:00:00Z; the association ends with it. Absent for a key without an end. */
  readonly expiresAt?: number;
}

/**
 * Makes an association. Two adapters: our client, and node-dtls-client.
 *
 * Rejects with OsgateError OSGATE_AGENT_NETWORK when nothing answers and OSGATE_AGENT_REFUSED when the handshake fails.
 */
export type OpenChannel = (attempt: ChannelAttempt) => Promise<SecureChannel>;

/** Whether an error may mean that the gateway does not know the key. */
export function isRefusal(error: unknown): boolean {
  return (error as Partial<OsgateError> | undefined)?.code === 'OSGATE_AGENT_REFUSED';
}
