import { X509Certificate } from 'node:crypto';
import { EventEmitter } from 'node:events';

import type { CloseReason } from '../association/close-reason.ts';
import { DtlsError } from '../errors.ts';
import type { Peer } from '../transport/peer.ts';
import type { AssociationEntry } from './association-entry.ts';
import { opensslName } from './openssl-name.ts';

export interface DtlsAssociationEvents {
  /** Application data of one record. */
  message: [data: Buffer];
  /** Once, when the association has ended; nothing comes after it. */
  close: [reason: CloseReason];
  /** The peer is reached at another address from now on. */
  address: [peer: Peer];
}

/** What Node's `tls.TLSSocket.getCipher()` says, for DTLS. */
export interface CipherDescription {
  /** OpenSSL's name. */
  readonly name: string;
  /** IANA's name. */
  readonly standardName: string;
  readonly version: 'DTLSv1.2';
}

/** One established association: what a server hands out, and what `connect` gives. */
export class DtlsAssociation extends EventEmitter<DtlsAssociationEvents> {
  readonly #entry: AssociationEntry;
  /** The application's own. */
  context: unknown = undefined;

  constructor(entry: AssociationEntry) {
    super();
    this.#entry = entry;
  }

  /** Where the peer is; another object after it has moved. */
  get remote(): Peer {
    return this.#entry.peer;
  }

  /** False once it has ended. */
  get isOpen(): boolean {
    return this.#entry.core.state === 'established';
  }

  /** As UTF-8; what is no UTF-8 is replaced. */
  get pskIdentity(): string | undefined {
    return this.#entry.core.pskIdentity?.toString();
  }

  /** What the PSK look-up of a server gave with the key. */
  get pskData(): unknown {
    return this.#entry.core.pskData;
  }

  /** What the client said in server_name (RFC 6066). */
  get serverName(): string | undefined {
    return this.#entry.core.serverName;
  }

  /** The peer's own certificate. Made anew each time that it is read: idle associations keep only its octets. */
  get peerCertificate(): X509Certificate | undefined {
    const [der] = this.#entry.core.peerCertificates ?? [];
    return der === undefined ? undefined : new X509Certificate(der);
  }

  /** When the association ends at the latest, in milliseconds since 1970. */
  get expiresAt(): number | undefined {
    return this.#entry.core.expiresAt;
  }

  /** What we gave out and what the peer wants (RFC 9146), either may be empty; undefined without connection identifiers. */
  get connectionId(): { readonly local: Buffer; readonly remote: Buffer } | undefined {
    const { localCid: local, peerCid: remote } = this.#entry.core;
    return local.length === 0 && remote.length === 0 ? undefined : { local, remote };
  }

  /** True when the handshake resumed an earlier session. */
  get resumed(): boolean {
    return this.#entry.core.resumed;
  }

  /** What a client gives `connect` to resume: keep it secret. Undefined at a server, and where there is nothing to resume. */
  get session(): Buffer | undefined {
    return this.#entry.core.session;
  }

  /** Octets that {@link send} takes at most. */
  get maximumSend(): number {
    return this.#entry.core.maximumSend;
  }

  getCipher(): CipherDescription {
    const { cipher } = this.#entry.core;
    if (cipher === undefined) throw new DtlsError('OSGATE_DTLS_CLOSED', 'the association has no cipher suite');
    return { name: opensslName(cipher.name), standardName: cipher.name, version: 'DTLSv1.2' };
  }

  /**
   * Sends one record.
   *
   * @returns false when the association is not open, the data is longer than {@link maximumSend}, or the transport has no
   *   room; it is then not sent, and counted
   */
  send(data: Uint8Array): boolean {
    const { shell, core } = this.#entry;
    if (!shell.isFull) return core.send(data);
    shell.counters.sendBufferFull++;
    return false;
  }

  /** Keying material of RFC 5705. @param context distinguishes an empty one from none */
  exportKeyingMaterial(length: number, label: string, context?: Buffer): Buffer {
    const material = this.#entry.core.exportKeyingMaterial(length, label, context);
    if (material === undefined) throw new DtlsError('OSGATE_DTLS_CLOSED', 'the association has no keys');
    return material;
  }

  /**
   * Client: goes on from a new local port, as after a NAT rebinding. The server follows with the next record that it gets.
   *
   * @throws DtlsError OSGATE_DTLS_INVALID_ARGUMENT at a server, or when the server gave no connection identifier;
   *   OSGATE_DTLS_BIND_FAILED, after which the old port is still in use; OSGATE_DTLS_CLOSED
   */
  async rebind(): Promise<void> {
    await this.#entry.shell.rebind(this.#entry);
  }

  /** Tells the peer, and ends. */
  async close(): Promise<void> {
    await this.#entry.shell.close(this.#entry);
  }
}
