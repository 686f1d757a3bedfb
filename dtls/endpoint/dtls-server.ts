import { EventEmitter } from 'node:events';

import { importAssociation } from '../association/import-association.ts';
import { DtlsError } from '../errors.ts';
import { opensslAead } from '../record/openssl-aead.ts';
import type { DatagramTransport } from '../transport/datagram-transport.ts';
import { DgramTransport } from '../transport/dgram-transport.ts';
import type { Peer } from '../transport/peer.ts';
import { encodeAssociation, exportKey, openAssociations, sealAssociations } from './association-export.ts';
import { limitsWith, within } from './common-settings.ts';
import type { DtlsAssociation } from './dtls-association.ts';
import type { EndpointCounters } from './endpoint-counters.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { RandomPool } from './random-pool.ts';
import { ServerEndpoint, type HandshakeFailure } from './server-endpoint.ts';
import type { CertificateCredentials, DtlsServerOptions, ListenOptions } from './server-options.ts';
import { clientCertificatesOf, withCertificates } from './server-certificates.ts';
import { connectionIdsOf, serverSettingsOf } from './server-settings.ts';

const DEFAULT_COOKIE_ROTATION_MILLISECONDS = 60_000;

/** A secret that changes faster than an answer comes proves nobody; one of more than a day is easier to collect cookies of. */
const COOKIE_ROTATION = { minimum: 100, maximum: 86_400_000 };

export interface DtlsServerEvents {
  /** An association is established. */
  association: [association: DtlsAssociation];
  /** A handshake ended badly. Never for garbage, and never more often than `limits.failureEventsPerSecond`. */
  failure: [failure: HandshakeFailure];
  /** Once, when the server has closed. */
  close: [];
}

/**
 * A DTLS server.
 *
 * @throws DtlsError OSGATE_DTLS_INVALID_ARGUMENT, OSGATE_DTLS_INVALID_CREDENTIALS
 */
export function createServer(options: DtlsServerOptions): DtlsServer {
  return new DtlsServer(options);
}

/** One server: one socket, or whatever else carries its datagrams, and all associations on it. */
export class DtlsServer extends EventEmitter<DtlsServerEvents> {
  readonly #endpoint: ServerEndpoint;
  readonly #options: DtlsServerOptions;
  readonly #onAbort = (): void => void this.close();
  #isClosed = false;

  constructor(options: DtlsServerOptions) {
    super();
    this.#options = options;
    const pool = new RandomPool();
    const random = (length: number): Buffer => pool.take(length);
    const limits = limitsWith(DEFAULT_LIMITS, options.limits);
    const endpoint = new ServerEndpoint(
      serverSettingsOf(options, limits, random, () => this.#endpoint.counters),
      {
        limits,
        // Whole, for V8 keeps other numbers in objects of their own, and each association has three.
        now: () => Math.floor(performance.now()),
        wallClock: () => Date.now(),
        random,
        connectionIds: connectionIdsOf(options, random),
        openssl: options.callsOpenssl === false ? undefined : opensslAead(),
        cookieRotationMilliseconds: within(
          'cookieRotationMilliseconds',
          options.cookieRotationMilliseconds ?? DEFAULT_COOKIE_ROTATION_MILLISECONDS,
          COOKIE_ROTATION.minimum,
          COOKIE_ROTATION.maximum,
        ),
        user: {
          onAssociation: (association) => void this.emit('association', association),
          onFailure: (failure) => void this.emit('failure', failure),
          onForeignConnectionId: options.onForeignConnectionId,
          keyLog: options.keyLog,
        },
      },
    );
    this.#endpoint = endpoint;
    options.signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (options.signal?.aborted === true) this.#onAbort();
  }

  /** One plain number a kind of event or drop. */
  get counters(): Readonly<EndpointCounters> {
    return this.#endpoint.counters;
  }

  /** Established associations. */
  get size(): number {
    return this.#endpoint.table.size;
  }

  /** Handshakes that run. */
  get halfOpen(): number {
    return this.#endpoint.table.halfOpen;
  }

  /**
   * Binds a UDP socket.
   *
   * @throws DtlsError OSGATE_DTLS_BIND_FAILED, OSGATE_DTLS_CLOSED
   */
  async listen(options: ListenOptions): Promise<void> {
    const { batches = true } = options;
    const gathering = typeof batches === 'object' ? batches : { gatherMicroseconds: 0 };
    const transport = await DgramTransport.open(
      { ...options, batches: batches === false ? undefined : gathering },
      (datagram, peer) => {
        this.#endpoint.receive(datagram, peer);
      },
    );
    try {
      this.attach(transport);
    } catch (error) {
      await transport.close();
      throw error;
    }
  }

  /**
   * Uses a transport whose datagrams the caller gives to {@link receive}, on a port that is shared with others, for instance.
   * The transport is closed with the server.
   *
   * @throws DtlsError OSGATE_DTLS_CLOSED, OSGATE_DTLS_INVALID_ARGUMENT when there is a transport already
   */
  attach(transport: DatagramTransport): void {
    if (this.#isClosed) throw new DtlsError('OSGATE_DTLS_CLOSED', 'the server is closed');
    if (this.#endpoint.transport !== undefined)
      throw new DtlsError('OSGATE_DTLS_INVALID_ARGUMENT', 'the server has a transport already');
    this.#endpoint.transport = transport;
  }

  /** Takes one datagram that came to an attached transport. It must not be changed afterwards. */
  receive(datagram: Buffer, peer: Peer): void {
    if (!this.#isClosed) this.#endpoint.receive(datagram, peer);
  }

  /** @throws DtlsError OSGATE_DTLS_CLOSED when there is no local address */
  address(): Peer {
    const local = this.#endpoint.transport?.local;
    if (local === undefined) throw new DtlsError('OSGATE_DTLS_CLOSED', 'the server is not bound to an address');
    return local;
  }

  /** The established ones. */
  *associations(): Generator<DtlsAssociation, void> {
    for (const { facade } of this.#endpoint.table.established()) if (facade !== undefined) yield facade;
  }

  /**
   * Replaces all certificates at once; handshakes that have begun keep those that they began with.
   *
   * @throws DtlsError OSGATE_DTLS_INVALID_CREDENTIALS; the old ones are then still in use
   */
  setCertificates(certificates: readonly CertificateCredentials[]): void {
    this.prepareCertificates(certificates)();
  }

  /**
   * Checks other certificates, and what is asked of clients; calling the result puts them in force, for new handshakes. So several
   * servers can change together, or none.
   *
   * @param asked `clientCertificates` and `authorities` in place of those of the options
   * @throws DtlsError OSGATE_DTLS_INVALID_ARGUMENT, OSGATE_DTLS_INVALID_CREDENTIALS
   */
  prepareCertificates(
    certificates: readonly CertificateCredentials[],
    asked: Pick<DtlsServerOptions, 'clientCertificates' | 'authorities'> = {},
  ): () => void {
    const options = { ...this.#options, ...asked };
    const next = {
      ...withCertificates(this.#endpoint.settings, options, certificates),
      ...clientCertificatesOf(options),
    };
    return () => {
      this.#endpoint.settings = next;
    };
  }

  /**
   * Seals all established associations under a key of 32 octets, and gives them up here without a word to their peers: they go
   * on where they are imported. What comes for them until then is lost. Those whose `pskData` MessagePack cannot carry stay here.
   *
   * @throws DtlsError OSGATE_DTLS_INVALID_ARGUMENT for another key; nothing is given up then
   */
  exportAssociations(key: Buffer): Buffer {
    const { counters, table } = this.#endpoint;
    const keyObject = exportKey(key);
    const exported: Buffer[] = [];
    for (const entry of [...table.established()]) {
      const state = entry.core.exportState();
      if (state === undefined) continue;
      const encoded = encodeAssociation({ address: entry.peer.address, port: entry.peer.port, state });
      if (encoded === undefined) {
        counters.exportsRefused++;
        continue;
      }
      exported.push(encoded);
      this.#endpoint.drop(entry, 'shutdown');
    }
    counters.associationsExported += exported.length;
    return sealAssociations(exported, keyObject);
  }

  /**
   * Takes over what another server exported; each is told by an 'association' event before this returns. One that has expired, or
   * whose address or connection identifier is in use here, is refused and counted. Take an export over once only: two who go on from one
   * state use the same nonces, and whoever sees both can read and forge.
   *
   * @returns how many were taken over
   * @throws DtlsError OSGATE_DTLS_IMPORT_FAILED
   */
  importAssociations(sealed: Buffer, key: Buffer): number {
    const { counters, settings } = this.#endpoint;
    let count = 0;
    for (const { address, port, state } of openAssociations(sealed, exportKey(key))) {
      const hasExpired = state.expiresAt !== undefined && state.expiresAt <= Date.now();
      const core = hasExpired ? undefined : importAssociation(this.#endpoint, settings, state, { address, port });
      if (core !== undefined && this.#endpoint.adopt(core)) count++;
      else counters.importsRefused++;
    }
    counters.associationsImported += count;
    return count;
  }

  /** Ends all associations, with a word to their peers unless `notify` is false, and closes the transport. */
  async close({ notify = true }: { readonly notify?: boolean } = {}): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    for (const entry of this.#endpoint.table.all()) {
      if (notify) entry.core.close('shutdown');
      else this.#endpoint.drop(entry, 'shutdown');
    }
    this.#endpoint.stop();
    await this.#endpoint.transport?.close();
    this.emit('close');
  }
}
