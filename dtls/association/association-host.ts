import type { KeyRing } from '../record/key-ring.ts';
import type { OpensslAead } from '../record/openssl-aead.ts';
import type { Association } from './association.ts';
import type { CloseReason } from './close-reason.ts';
import type { DtlsCounters } from './counters.ts';

/**
 * What associations ask of their shell: time, randomness, sending, one timer each. One object for an endpoint; every call
 * names the association. No method may call back into the association synchronously, save send() and close() from
 * onEstablished, onMessage and onPeerMoved.
 */
export interface AssociationHost {
  /** Milliseconds on a clock that never goes back. */
  now(): number;
  /** Milliseconds since 1970, for expiry of keys and tickets. */
  wallClock(): number;
  /** Unpredictable octets. The buffer belongs to the caller from then on. */
  random(length: number): Buffer;
  /** Sends to `to`, or to `association.peer` when that is not given. The datagram is the host's from then on. */
  send(association: Association, datagram: Buffer, to?: unknown): void;
  /**
   * Sets the one timer of the association to a time of now(), in place of the earlier one, or takes it away. The shell calls
   * association.onTimer() then, late rather than early.
   */
  setTimer(association: Association, at: number | undefined): void;
  /**
   * The client offers connection identifiers (RFC 9146): sets `association.localCid` to a new one. Absent where the shell has given one at
   * the begin, or gives none. Not made before, for most clients want none.
   */
  assignConnectionId?(association: Association): void;
  onEstablished(association: Association): void;
  /** `data` is a buffer of its own, or a part of one that is not written to again. */
  onMessage(association: Association, data: Buffer): void;
  /** Whether two address objects name the same address and port. */
  samePeer(one: unknown, other: unknown): boolean;
  /** The last call for this association. */
  onClosed(association: Association, reason: CloseReason): void;
  /** The peer's newest authenticated record came from another address; association.peer is now that address. */
  onPeerMoved(association: Association, from: unknown): void;
  /** Lines in SSLKEYLOGFILE form; only when the user asked for it. */
  keyLog?(line: string): void;
  readonly counters: DtlsCounters;
  /** Which associations hold KeyObjects; one for the process where absent. */
  readonly keyRing?: KeyRing;
  /** What records are protected by where it can; node:crypto alone where absent. */
  readonly openssl?: OpensslAead | undefined;
}
