import {
  createServer,
  type CertificateCredentials,
  type DtlsAssociation,
  type DtlsServer,
  type DtlsServerOptions,
} from '../../../dtls/index.ts';
import type { Peer } from '../../../sip/index.ts';
import { permit, type ChannelProofs, type Identity, type SecurityRequirement } from '../../identity/index.ts';
import { AssociationPeer, type AssociationUser } from './association-peer.ts';
import type { ChannelEvents } from './channel-events.ts';

/** The socket under a channel server. */
export interface ChannelSocket {
  readonly local: Peer;
  readonly isFull: boolean;
  send(datagram: Buffer, peer: Peer): boolean;
}

export interface ChannelServerOptions {
  /** The name of the listener. */
  readonly name: string;
  readonly proofs: ChannelProofs;
  /** True where an association must prove who its peer is; false where its messages may do that. */
  readonly identityRequired: boolean;
  /** What the security settings of a peer must have, asked anew for each association. */
  readonly requires?: () => readonly SecurityRequirement[] | undefined;
  /** Everything else of the server: suites, certificates, bounds. */
  readonly server: Omit<DtlsServerOptions, 'psk' | 'onForeignConnectionId'>;
  /** The hint for pre-shared keys; undefined where there are none. */
  readonly psk: { readonly hint: string | undefined } | undefined;
  readonly events: ChannelEvents;
  readonly user: ChannelUser;
  /** Takes a datagram to the worker whose connection id it has. */
  readonly handOver?: ((worker: number, datagram: Buffer, peer: Peer) => void) | undefined;
  /** The first number of an association, 32 bits at random, so that no token of an earlier process fits. */
  readonly firstAssociation: number;
}

/** What the listener does with its associations. */
export interface ChannelUser extends AssociationUser {
  /** False when there is no room for the association; it is closed then. */
  onOpened(peer: AssociationPeer): boolean;
}

/** What is known of an association besides its keys, for the process that takes it over. */
export interface AssociationRecord {
  /** See {@link recordKey}. */
  readonly key: string;
  readonly association: number;
}

/** The DTLS associations of one listener: who their peers are, and by which numbers they are called. */
export class ChannelServer {
  readonly counters = {
    opened: 0,
    moved: 0,
    'refused-no-identity': 0,
    'refused-not-permitted': 0,
    'refused-no-room': 0,
  };
  readonly server: DtlsServer;
  readonly #options: ChannelServerOptions;
  readonly #peers = new Map<number, AssociationPeer>();
  readonly #user: AssociationUser;
  #next: number;
  /** Numbers that associations had in the process before, while they are taken over. */
  #adopting: ReadonlyMap<string, number> | undefined;

  /** @throws DtlsError OSGATE_DTLS_INVALID_ARGUMENT, OSGATE_DTLS_INVALID_CREDENTIALS */
  constructor(options: ChannelServerOptions) {
    const { psk, proofs, user, events, name } = options;
    this.#options = options;
    this.#next = options.firstAssociation >>> 0;
    this.#user = {
      onMessage: (data, peer) => {
        user.onMessage(data, peer);
      },
      onMoved: (peer) => {
        this.counters.moved++;
        user.onMoved(peer);
      },
      onClosed: (peer, reason) => {
        this.#peers.delete(peer.association);
        user.onClosed(peer, reason);
        events.closed(name, peer, reason);
      },
    };
    this.server = createServer({
      ...options.server,
      onForeignConnectionId: options.handOver,
      ...(psk === undefined
        ? {}
        : {
            psk: {
              hint: psk.hint,
              lookUp: async (request) => {
                const proof = await proofs.lookUp(request);
                if (proof === undefined) return undefined;
                const { key, identity } = proof;
                return { key, expiresAt: identity.expiresAt, data: identity };
              },
            },
          }),
    });
    this.server.on('association', (association) => {
      this.#open(association);
    });
    this.server.on('failure', (failure) => {
      events.failed(name, failure);
    });
  }

  attach(socket: ChannelSocket): void {
    this.server.attach({
      local: socket.local,
      get isFull() {
        return socket.isFull;
      },
      send: (datagram, peer) => {
        socket.send(datagram, peer);
      },
      // Whoever opened the socket closes it.
      close: async () => undefined,
    });
  }

  receive(datagram: Buffer, peer: Peer): void {
    this.server.receive(datagram, peer);
  }

  get size(): number {
    return this.#peers.size;
  }

  find(association: number): AssociationPeer | undefined {
    return this.#peers.get(association);
  }

  peers(): IterableIterator<AssociationPeer> {
    return this.#peers.values();
  }

  /** Gives all associations up for another process to take over; what comes for them from now on is lost. */
  release(key: Buffer): { readonly sealed: Buffer; readonly records: AssociationRecord[] } {
    const records = [...this.#peers.values()].map((peer) => ({
      key: recordKey(peer.dtls),
      association: peer.association,
    }));
    return { sealed: this.server.exportAssociations(key), records };
  }

  /**
   * Takes associations over that another process released.
   *
   * @returns how many
   * @throws DtlsError OSGATE_DTLS_IMPORT_FAILED
   */
  adopt(sealed: Buffer, records: readonly AssociationRecord[], key: Buffer): number {
    this.#adopting = new Map(records.map((record) => [record.key, record.association]));
    try {
      return this.server.importAssociations(sealed, key);
    } finally {
      this.#adopting = undefined;
    }
  }

  /**
   * Checks other certificates; calling the result puts them in force, for new handshakes. Who may sign those of clients changes
   * with them.
   *
   * @throws DtlsError OSGATE_DTLS_INVALID_CREDENTIALS
   */
  renew(certificates: readonly CertificateCredentials[], authorities: string | undefined): () => void {
    const { clientCertificates = 'request' } = this.#options.server;
    return this.server.prepareCertificates(certificates, {
      authorities,
      clientCertificates: authorities === undefined ? 'none' : clientCertificates,
    });
  }

  async close(): Promise<void> {
    await this.server.close();
  }

  #open(dtls: DtlsAssociation): void {
    const { name, events, proofs, identityRequired, requires, user } = this.#options;
    const judgement = proofs.judge(dtls);
    if (!judgement.accepted || (identityRequired && judgement.identity === undefined)) {
      this.#refuse(dtls, 'no-identity');
      return;
    }
    if (identityRequired && !isPermitted(judgement.identity, requires?.())) {
      this.#refuse(dtls, 'not-permitted');
      return;
    }
    const peer = new AssociationPeer(this.#number(dtls), dtls, judgement.identity, this.#user);
    this.#peers.set(peer.association, peer);
    if (!user.onOpened(peer)) {
      this.#peers.delete(peer.association);
      dtls.context = undefined;
      this.#refuse(dtls, 'no-room');
      return;
    }
    this.counters.opened++;
    events.opened(name, peer);
  }

  #refuse(dtls: DtlsAssociation, reason: 'no-identity' | 'not-permitted' | 'no-room'): void {
    const { name, events } = this.#options;
    this.counters[`refused-${reason}`]++;
    events.refused(name, dtls.remote, reason);
    void dtls.close();
  }

  #number(dtls: DtlsAssociation): number {
    const before = this.#adopting?.get(recordKey(dtls));
    if (before !== undefined && !this.#peers.has(before)) return before;
    do this.#next = (this.#next + 1) >>> 0;
    while (this.#peers.has(this.#next));
    return this.#next;
  }
}

/** What tells an association from others of the same listener: the connection id that it sends, or else its address. */
function recordKey({ connectionId, remote }: DtlsAssociation): string {
  if (connectionId !== undefined && connectionId.local.length > 0) return connectionId.local.toString('hex');
  return `${remote.address} ${remote.port}`;
}

function isPermitted(identity: Identity | undefined, requires: readonly SecurityRequirement[] | undefined): boolean {
  return identity !== undefined && permit(identity, requires) !== undefined;
}
