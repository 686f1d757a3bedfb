import type { AssociationHost } from '../association/association-host.ts';
import type { Association } from '../association/association.ts';
import type { CloseReason } from '../association/close-reason.ts';
import { ServerAssociation } from '../association/server-association.ts';
import type { ServerSettings } from '../association/settings.ts';
import { alertName, DtlsError } from '../errors.ts';
import type { ClientHelloView } from '../handshake/client-hello-view.ts';
import { KeyRing } from '../record/key-ring.ts';
import type { OpensslAead } from '../record/openssl-aead.ts';
import { CID_OFFSET, CONTENT_TYPE, RECORD_HEADER_OCTETS } from '../record/record-header.ts';
import type { DatagramTransport } from '../transport/datagram-transport.ts';
import { isSamePeer, type Peer } from '../transport/peer.ts';
import { AssociationEntry, entryOf, type AssociationShell } from './association-entry.ts';
import { AssociationTable } from './association-table.ts';
import type { ConnectionIdFactory } from './connection-id-factory.ts';
import { DtlsAssociation } from './dtls-association.ts';
import { createEndpointCounters } from './endpoint-counters.ts';
import { HelloGate, isEpochZero } from './hello-gate.ts';
import type { DtlsLimits } from './limits.ts';
import { RateLimit } from './rate-limit.ts';
import { TimerQueue } from './timer-queue.ts';

/** A handshake that ended badly. */
export interface HandshakeFailure {
  readonly remote: Peer;
  readonly reason: CloseReason;
  /** The alert that was sent or received (RFC 5246 7.2), if there was one. */
  readonly code: number | undefined;
  readonly alert: string | undefined;
}

/** What the endpoint tells the server around it. */
export interface ServerEndpointUser {
  onAssociation(association: DtlsAssociation): void;
  onFailure(failure: HandshakeFailure): void;
  readonly onForeignConnectionId?: ((worker: number, datagram: Buffer, peer: Peer) => void) | undefined;
  readonly keyLog?: ((line: string) => void) | undefined;
}

export interface ServerEndpointOptions {
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number;
  /** Milliseconds since 1970. */
  readonly wallClock: () => number;
  readonly limits: DtlsLimits;
  readonly cookieRotationMilliseconds: number;
  /** Undefined when no connection identifiers are given out. */
  readonly connectionIds: ConnectionIdFactory | undefined;
  readonly random: (length: number) => Buffer;
  readonly openssl: OpensslAead | undefined;
  readonly user: ServerEndpointUser;
}

/** Handshakes of one peer that are remembered as superseded; a peer that restarts more often than this within one handshake is odd. */
const MAXIMUM_SUPERSEDED = 4;

/** Attempts to make a connection identifier that is not in use. */
const CONNECTION_ID_ATTEMPTS = 16;

const NO_CONNECTION_ID = Buffer.alloc(0);

/**
 * The associations of one socket: who a datagram belongs to, when a new association begins and when it takes the place of
 * an old one. Without I/O of its own: datagrams are given to {@link receive}, and leave by a transport.
 */
export class ServerEndpoint implements AssociationHost, AssociationShell {
  readonly counters = createEndpointCounters();
  readonly now: () => number;
  readonly wallClock: () => number;
  readonly random: (length: number) => Buffer;
  readonly table = new AssociationTable();
  readonly keyRing: KeyRing;
  readonly openssl: OpensslAead | undefined;
  /** Only there when somebody wants it, for making the lines takes time. */
  readonly keyLog?: (line: string) => void;
  readonly #limits: DtlsLimits;
  readonly #connectionIds: ConnectionIdFactory | undefined;
  readonly #user: ServerEndpointUser;
  readonly #timers: TimerQueue;
  readonly #gate: HelloGate;
  readonly #failures: RateLimit;
  /** What handshakes begin with from now on. */
  settings: ServerSettings;
  transport: DatagramTransport | undefined;

  constructor(settings: ServerSettings, options: ServerEndpointOptions) {
    this.settings = settings;
    this.#limits = options.limits;
    this.keyRing = new KeyRing(options.limits.recordKeys, this.counters);
    this.openssl = options.openssl;
    this.#connectionIds = options.connectionIds;
    this.now = options.now;
    this.wallClock = options.wallClock;
    this.random = options.random;
    this.#user = options.user;
    if (options.user.keyLog !== undefined) this.keyLog = options.user.keyLog;
    const { now, random } = options;
    this.#timers = new TimerQueue(now);
    this.#failures = new RateLimit(options.limits.failureEventsPerSecond, now);
    this.#gate = new HelloGate({
      counters: this.counters,
      now,
      random,
      cookieRotationMilliseconds: options.cookieRotationMilliseconds,
      maximumClientHello: options.limits.clientHelloBytes,
      helloVerifyRequestsPerSecond: options.limits.helloVerifyRequestsPerSecond,
    });
  }

  receive(datagram: Buffer, peer: Peer): void {
    this.counters.datagramsReceived++;
    this.counters.octetsReceived += datagram.length;
    if (datagram[0] === CONTENT_TYPE.connectionId) {
      this.#receiveByConnectionId(datagram, peer);
      return;
    }
    const entry = this.table.at(peer);
    if (datagram.length < RECORD_HEADER_OCTETS) {
      if (entry === undefined) this.counters.strangeDatagrams++;
      else this.counters.malformedRecords++;
      return;
    }
    if (entry === undefined || HelloGate.isClientHello(datagram)) {
      this.#receiveHello(datagram, peer, entry);
      return;
    }
    const challenger = this.table.challengerAt(peer);
    // What has no protection belongs to the handshake that runs; what has is the old association's until proven otherwise,
    // for what does not authenticate costs it nothing.
    if (challenger === undefined) entry.core.receive(datagram, entry.peer);
    else if (isEpochZero(datagram)) challenger.core.receive(datagram, challenger.peer);
    else if (!entry.core.receive(datagram, entry.peer)) challenger.core.receive(datagram, challenger.peer);
  }

  #receiveByConnectionId(datagram: Buffer, peer: Peer): void {
    const ids = this.#connectionIds;
    if (ids === undefined || datagram.length < RECORD_HEADER_OCTETS + ids.length) {
      this.counters.unknownConnectionIds++;
      return;
    }
    const entry = this.table.byConnectionId(datagram, CID_OFFSET, CID_OFFSET + ids.length);
    if (entry !== undefined) {
      entry.core.receive(datagram, entry.knownPeer(peer));
      return;
    }
    const worker = ids.workerOf(datagram, CID_OFFSET);
    if (worker === undefined || worker === ids.worker || this.#user.onForeignConnectionId === undefined)
      this.counters.unknownConnectionIds++;
    else {
      this.counters.foreignConnectionIds++;
      this.#user.onForeignConnectionId(worker, datagram, peer);
    }
  }

  /** A ClientHello, or whatever else an address without an association sends. */
  #receiveHello(datagram: Buffer, peer: Peer, entry: AssociationEntry | undefined): void {
    const verdict = this.#gate.judge(datagram, peer);
    if (verdict.kind === 'dropped') return;
    const { hello } = verdict;
    if (entry !== undefined && this.#isRepeated(datagram, hello, entry)) return;
    if (verdict.kind === 'proven') this.#begin(datagram, peer, hello, entry);
    else {
      const answer = this.#gate.challenge(datagram, peer, hello);
      if (answer !== undefined) this.#transmit(answer, peer);
    }
  }

  /** Whether a ClientHello belongs to a handshake that is known already; the core may have to repeat its flight. */
  #isRepeated(datagram: Buffer, { random }: ClientHelloView, entry: AssociationEntry): boolean {
    const challenger = this.table.challengerAt(entry.peer);
    for (const one of challenger === undefined ? [entry] : [challenger, entry]) {
      const isSuperseded = one.superseded?.some((earlier) => earlier.equals(random)) ?? false;
      if (!isSuperseded && !one.core.matchesClientHello(random)) continue;
      this.counters.duplicateClientHellos++;
      if (!isSuperseded) one.core.receive(datagram, one.peer);
      return true;
    }
    return false;
  }

  /** The peer has proven its address with a ClientHello that is new. */
  #begin(datagram: Buffer, peer: Peer, { random }: ClientHelloView, entry: AssociationEntry | undefined): void {
    const running = entry?.core.state === 'handshaking' ? entry : this.table.challengerAt(peer);
    if (running === undefined && !this.#hasRoom(peer)) return;
    const superseded = running === undefined ? undefined : this.#supersede(running);
    // A copy: the object of the caller may be its own, or hold more than an address.
    const remote: Peer = { address: peer.address, port: peer.port };
    const core = new ServerAssociation(this, this.settings, remote, NO_CONNECTION_ID);
    const begun = new AssociationEntry(this, core);
    begun.superseded = superseded;
    if (entry !== undefined && entry !== running) this.counters.challengesBegun++;
    this.table.addHalfOpen(begun, Buffer.from(random));
    // The core asked for its timer before it had a place in the queue.
    core.schedule();
    core.receive(datagram, remote);
  }

  #hasRoom({ address }: Peer): boolean {
    const { halfOpen, halfOpenPerAddress, associations } = this.#limits;
    if (this.table.halfOpen >= halfOpen) this.counters.halfOpenRefused++;
    else if (this.table.halfOpenOf(address) >= halfOpenPerAddress) this.counters.halfOpenPerAddressRefused++;
    else if (this.table.size + this.table.halfOpen >= associations) this.counters.associationsRefused++;
    else return true;
    return false;
  }

  /** Gives a handshake up whose peer begins another. @returns the randoms that are not begun again */
  #supersede(running: AssociationEntry): readonly Buffer[] {
    this.counters.handshakesSuperseded++;
    const { random, superseded = [] } = running;
    this.drop(running, 'replaced');
    return [...(random === undefined ? [] : [random]), ...superseded].slice(0, MAXIMUM_SUPERSEDED);
  }

  #newConnectionId(): Buffer {
    if (this.#connectionIds === undefined) return NO_CONNECTION_ID;
    for (let attempt = 0; attempt < CONNECTION_ID_ATTEMPTS; attempt++) {
      const id = this.#connectionIds.make();
      if (!this.table.hasConnectionId(id)) return id;
    }
    // As many as there are of that length are in use: this association goes without.
    this.counters.connectionIdsUsedUp++;
    return NO_CONNECTION_ID;
  }

  #transmit(datagram: Buffer, peer: Peer): void {
    this.counters.datagramsSent++;
    this.counters.octetsSent += datagram.length;
    this.transport?.send(datagram, peer);
  }

  /** Ends an association without a word to its peer. */
  drop(entry: AssociationEntry, reason: CloseReason): void {
    entry.isSilent = true;
    entry.core.close(reason);
  }

  /** Takes in an association that was established elsewhere; false when its place is taken. */
  adopt(core: Association): boolean {
    // Of another length it would never be found in a record.
    const { length } = core.localCid;
    if (length > 0 && length !== this.#connectionIds?.length) return false;
    const entry = new AssociationEntry(this, core);
    if (!this.table.addEstablished(entry)) return false;
    const facade = new DtlsAssociation(entry);
    entry.facade = facade;
    core.schedule();
    this.#user.onAssociation(facade);
    return true;
  }

  /** Ends the clock of all associations; nothing of the endpoint works afterwards. */
  stop(): void {
    this.#timers.clear();
  }

  // What the associations ask for.

  send(core: Association, datagram: Buffer, to?: unknown): void {
    const entry = entryOf(core);
    if (!entry.isSilent) this.#transmit(datagram, to === undefined ? entry.peer : (to as Peer));
  }

  setTimer(core: Association, at: number | undefined): void {
    // Undefined while the constructor of the core runs.
    const entry = entryOf(core) as AssociationEntry | undefined;
    if (entry !== undefined) this.#timers.set(entry, at);
  }

  assignConnectionId(core: Association): void {
    core.localCid = this.#newConnectionId();
    this.table.addConnectionId(entryOf(core));
  }

  samePeer(one: unknown, other: unknown): boolean {
    return isSamePeer(one as Peer, other as Peer);
  }

  onEstablished(core: Association): void {
    const entry = entryOf(core);
    const displaced = this.table.establish(entry);
    if (displaced !== undefined) this.#displace(displaced, core);
    const facade = new DtlsAssociation(entry);
    entry.facade = facade;
    this.#user.onAssociation(facade);
  }

  /**
   * The old association at this address ends, unless it has a connection identifier and another peer behind it: that one has
   * moved without having said anything yet, and a third party has got its port.
   */
  #displace(old: AssociationEntry, by: Association): void {
    if (old.core.localCid.length > 0 && !isSameUser(old.core, by)) return;
    this.counters.associationsReplaced++;
    this.drop(old, 'replaced');
  }

  onMessage(core: Association, data: Buffer): void {
    entryOf(core).facade?.emit('message', data);
  }

  onPeerMoved(core: Association): void {
    const entry = entryOf(core);
    if (!this.table.move(entry, core.peer as Peer)) this.counters.addressesShared++;
    entry.facade?.emit('address', entry.peer);
  }

  onClosed(core: Association, reason: CloseReason): void {
    const entry = entryOf(core);
    this.#timers.set(entry, undefined);
    this.table.remove(entry);
    const { facade } = entry;
    if (facade !== undefined) {
      facade.emit('close', reason);
      facade.removeAllListeners();
    } else if (!entry.isSilent) this.#tellFailure(entry, reason);
  }

  #tellFailure({ core, peer }: AssociationEntry, reason: CloseReason): void {
    if (!this.#failures.take()) {
      this.counters.failuresNotTold++;
      return;
    }
    const code = core.lastAlert?.code;
    this.#user.onFailure({ remote: peer, reason, code, alert: code === undefined ? undefined : alertName(code) });
  }

  // What the facades ask for.

  get isFull(): boolean {
    return this.transport?.isFull ?? false;
  }

  async close(entry: AssociationEntry): Promise<void> {
    entry.core.close();
  }

  async rebind(): Promise<void> {
    throw new DtlsError('OSGATE_DTLS_INVALID_ARGUMENT', 'only a client can go on from another local port');
  }
}

/** Whether both associations were made with the same key or the same certificate. */
function isSameUser(one: Association, other: Association): boolean {
  if (one.pskIdentity !== undefined && other.pskIdentity !== undefined)
    return one.pskIdentity.equals(other.pskIdentity);
  const [certificate] = one.peerCertificates ?? [];
  const [otherCertificate] = other.peerCertificates ?? [];
  return certificate !== undefined && otherCertificate !== undefined && certificate.equals(otherCertificate);
}
