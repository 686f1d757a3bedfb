import type { Association } from '../association/association.ts';
import { isSamePeer, type Peer } from '../transport/peer.ts';
import type { DtlsAssociation } from './dtls-association.ts';
import type { EndpointCounters } from './endpoint-counters.ts';
import type { Timed } from './timer-queue.ts';

/** What an association's facade needs of the endpoint that it belongs to. */
export interface AssociationShell {
  readonly counters: EndpointCounters;
  /** True while the transport has no room. */
  readonly isFull: boolean;
  /** Ends the association; resolves when nothing of it holds the process any more. */
  close(entry: AssociationEntry): Promise<void>;
  /** @throws DtlsError */
  rebind(entry: AssociationEntry): Promise<void>;
}

/** What an endpoint keeps of one association: the core, the place in the timer queue and, once established, the facade. */
export class AssociationEntry implements Timed {
  readonly shell: AssociationShell;
  readonly core: Association;
  /** The same object as `core.peer`, save while the core tells that it has moved. */
  peer: Peer;
  facade: DtlsAssociation | undefined;
  dueAt = 0;
  queueIndex = -1;
  /** Where else a datagram came from last. */
  #elsewhere: Peer | undefined;
  /** Under which the table has its address. */
  peerKey: string | undefined;
  /** Under which the table has its connection identifier. */
  connectionIdKey: string | undefined;
  /** The address that this handshake counts for, while it runs. */
  halfOpenAddress: string | undefined;
  /** The random of the ClientHello that began it, while the handshake runs. */
  random: Buffer | undefined;
  /** Randoms of handshakes that this one took the place of: what comes late of them is no new handshake. */
  superseded: readonly Buffer[] | undefined;
  /** Nothing more is sent: the association lives elsewhere, or its peer has another. */
  isSilent = false;

  constructor(shell: AssociationShell, core: Association) {
    this.shell = shell;
    this.core = core;
    this.peer = core.peer as Peer;
    core.context = this;
  }

  /** The object that stands for that address here: cores compare addresses by identity. */
  knownPeer(peer: Peer): Peer {
    if (isSamePeer(this.peer, peer)) return this.peer;
    if (this.#elsewhere === undefined || !isSamePeer(this.#elsewhere, peer))
      this.#elsewhere = { address: peer.address, port: peer.port };
    return this.#elsewhere;
  }

  onDue(): void {
    this.core.onTimer();
  }
}

/** The entry of a core; cores of this endpoint always have one. */
export function entryOf(core: Association): AssociationEntry {
  return core.context as AssociationEntry;
}
