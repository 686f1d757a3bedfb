import type { AssociationHost } from './association-host.ts';
import type { AssociationState } from './association-state.ts';
import type { CloseReason } from './close-reason.ts';
import type { CipherSuite } from '../suites/cipher-suite.ts';

/**
 * One DTLS 1.2 association without any I/O. INTERFACE ONLY FOR NOW: the implementation follows.
 * Made by `new ServerAssociation(host, settings, peer, localCid)`, `new ClientAssociation(host, settings, peer, localCid)` (then `start()`), or
 * `importAssociation(host, settings, state, peer)`.
 */
export interface Association {
  /** The shell's address object of the peer. */
  peer: unknown;
  /** For the shell alone: its object that belongs to the association. */
  context: unknown;
  readonly host: AssociationHost;
  readonly role: 'server' | 'client';
  readonly state: 'handshaking' | 'established' | 'closing' | 'closed';
  /**
   * Takes one datagram. True when a record of it was authenticated, or was of use to the running handshake: so a shell that has an old and a
   * new association of one peer gives a datagram to the new one first, and to the old one when the answer is false.
   */
  receive(datagram: Buffer, from: unknown): boolean;
  /** False, and counted, when data is too large for a record or the association is not established. */
  send(data: Uint8Array): boolean;
  /** Sends close_notify when established, and ends. */
  close(reason?: CloseReason): void;
  onTimer(): void;
  /** Whether a ClientHello with this random is the one that this (server) association runs on: a duplicate, not a new handshake. */
  matchesClientHello(random: Uint8Array): boolean;
  readonly cipher: CipherSuite | undefined;
  readonly pskIdentity: Buffer | undefined;
  readonly pskData: unknown;
  readonly serverName: string | undefined;
  /** DER, the peer's own first. */
  readonly peerCertificates: readonly Buffer[] | undefined;
  readonly resumed: boolean;
  /** Client: what a later handshake can resume. */
  readonly session: Buffer | undefined;
  /** Milliseconds since 1970; may be set by the shell, also later. */
  expiresAt: number | undefined;
  /** Empty when the peer sends no connection identifier. */
  readonly localCid: Buffer;
  readonly peerCid: Buffer;
  /** Octets that send() takes at most. */
  readonly maximumSend: number;
  /** Alert that was sent or received last, for reports of failures. */
  readonly lastAlert: { readonly sent: boolean; readonly code: number } | undefined;
  exportKeyingMaterial(length: number, label: string, context?: Buffer): Buffer;
  exportState(): AssociationState | undefined;
}
