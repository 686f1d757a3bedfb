import type { EventEmitter } from 'node:events';

import type { DatagramTransport } from '../transport/datagram-transport.ts';
import type { Peer } from '../transport/peer.ts';
import type { DtlsAssociation } from './dtls-association.ts';
import type { CertificateCredentials, ListenOptions } from './server-options.ts';

export interface HandshakeFailure {
  readonly remote: Peer;
  /** A word or two: what ended the handshake. */
  readonly reason: string;
  /** The alert that was sent or received (RFC 5246 7.2), if there was one. */
  readonly code: number | undefined;
}

export interface DtlsServerEvents {
  /** An association is established. */
  association: [association: DtlsAssociation];
  /** A handshake ended badly. Never for garbage, and never more often than `limits.failureEventsPerSecond`. */
  failure: [failure: HandshakeFailure];
  error: [error: Error];
}

export interface DtlsServer extends EventEmitter<DtlsServerEvents> {
  readonly counters: Readonly<Record<string, number>>;
  /** Established associations. */
  readonly size: number;
  listen(options: ListenOptions): Promise<void>;
  /** Uses a transport that the caller owns and feeds through `receive`. */
  attach(transport: DatagramTransport): void;
  receive(datagram: Buffer, peer: Peer): void;
  address(): Peer;
  associations(): Iterable<DtlsAssociation>;
  /** Replaces all certificates at once; handshakes that have begun keep those that they began with. */
  setCertificates(certificates: readonly CertificateCredentials[]): void;
  /** Seals all established associations under a key of 32 octets, and gives them up here without telling the peers. */
  exportAssociations(key: Buffer): Buffer;
  /** @returns how many were taken over */
  importAssociations(sealed: Buffer, key: Buffer): number;
  close(options?: { readonly notify?: boolean }): Promise<void>;
}
