import type { X509Certificate } from 'node:crypto';
import type { EventEmitter } from 'node:events';

import type { Peer } from '../transport/peer.ts';

export interface DtlsAssociationEvents {
  /** Application data of one record. */
  message: [data: Buffer];
  /** Once, when the association has ended; nothing comes after it. */
  close: [reason: string];
  /** The peer is reached at another address from now on. */
  address: [peer: Peer];
}

/** One established association: what a server hands out, and what `connect` gives. */
export interface DtlsAssociation extends EventEmitter<DtlsAssociationEvents> {
  readonly remote: Peer;
  readonly pskIdentity: string | undefined;
  /** What the PSK look-up of a server gave with the key. */
  readonly pskData: unknown;
  readonly peerCertificate: X509Certificate | undefined;
  /** In milliseconds since 1970. */
  readonly expiresAt: number | undefined;
  readonly connectionId: { readonly local: Buffer; readonly remote: Buffer } | undefined;
  /** True when the handshake resumed an earlier session. */
  readonly resumed: boolean;
  /** What a client gives `connect` to resume; undefined at a server, and where the server gave nothing to resume with. */
  readonly session: Buffer | undefined;
  /** The application's own. */
  context: unknown;
  getCipher(): { readonly name: string; readonly standardName: string; readonly version: 'DTLSv1.2' };
  /** Sends one record; false when the association is not open, the data does not fit a record, or there is no room. */
  send(data: Uint8Array): boolean;
  /** Keying material of RFC 5705. */
  exportKeyingMaterial(length: number, label: string, context?: Buffer): Buffer;
  /** Client: goes on from a new local port, as after a NAT rebinding; the association survives by its connection id. */
  rebind(): Promise<void>;
  close(): Promise<void>;
}
