import { peerKey, type Flow, type Peer, type Transport } from '../../sip/index.ts';
import type { IdentityFlows } from './identity-flows.ts';
import type { SipListener } from './sip-listener.ts';

/** A flow that an authenticated agent opened (RFC 5626 5.2), as it is remembered and shown. */
export interface AgentFlow extends Flow {
  readonly listener: SipListener;
  readonly peer: Peer;
  /** Who authenticated on it last (see `Identity.subject`). */
  readonly subject: string;
  /** Tells this flow from an earlier or later one with the same addresses; 32 bits. */
  readonly serial: number;
  /** True when requests must not go anywhere but by this flow: the agent asked for outbound, or its Contact cannot be reached. */
  readonly required: boolean;
  /** True when the agent said that it keeps the flow alive. */
  readonly keptAlive: boolean;
  /** Milliseconds of the monotonic clock that the table was given. */
  readonly since: number;
  readonly lastSeen: number;
}

export interface FlowTableOptions {
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  readonly maximumFlows: number;
  /** How long a UDP flow that its agent keeps alive may be silent; milliseconds. */
  readonly keptAliveIdleMilliseconds: number;
  /** The same for an agent that said nothing of keepalives. */
  readonly silentIdleMilliseconds: number;
  /** The first serial, at random, so that no token of an earlier process fits. */
  readonly firstSerial: number;
  /** Follows what is entered and what is over; absent where nobody looks for flows by identity. */
  readonly identities?: IdentityFlows | undefined;
}

/** What is kept of an agent that authenticated, when a flow is entered. */
export interface FlowOwner {
  readonly subject: string;
  /** The private and public identities that were proved; by default the subject alone. */
  readonly identities?: readonly string[];
  readonly required: boolean;
  readonly keptAlive: boolean;
}

/** At most that many flows are looked at in one sweep, which takes a few milliseconds. */
const FLOWS_PER_SWEEP = 20_000;

/**
 * The flows of authenticated agents: bounded, and expiring. A UDP flow is gone after it was silent for too long; a flow over
 * TCP lives as long as its connection, and one over DTLS as long as its association, whatever addresses that comes from. One
 * that is not known here is not answered for.
 */
export class FlowTable {
  readonly counters = { entered: 0, refusedTableFull: 0, expired: 0, closed: 0 };
  readonly #options: FlowTableOptions;
  readonly #flows = new Map<Transport, Map<string, Entry>>();
  #cursor: MapIterator<Entry> | undefined;
  #cursorTransports: MapIterator<Map<string, Entry>> | undefined;
  #size = 0;
  #serial: number;

  constructor(options: FlowTableOptions) {
    this.#options = options;
    this.#serial = options.firstSerial >>> 0;
  }

  get size(): number {
    return this.#size;
  }

  /** Takes a flow over from an earlier process, with the serial that its tokens have; false when the table is full. */
  adopt(flow: Flow, listener: SipListener, owner: FlowOwner & { readonly serial: number }): boolean {
    if (this.#size >= this.#options.maximumFlows) {
      this.counters.refusedTableFull++;
      return false;
    }
    const entry = new Entry(flow, listener, owner, owner.serial, this.#options.now());
    this.#put(entry);
    this.#options.identities?.entered(entry, identitiesOf(owner));
    return true;
  }

  /** Enters the flow of a peer that has authenticated, or renews it; undefined when the table is full. */
  enter(flow: Flow, listener: SipListener, owner: FlowOwner): AgentFlow | undefined {
    const now = this.#options.now();
    const known = this.find(flow.transport, flow.peer);
    if (known !== undefined) {
      known.renew(owner, now);
      this.#options.identities?.entered(known, identitiesOf(owner));
      return known;
    }
    if (this.#size >= this.#options.maximumFlows) {
      this.counters.refusedTableFull++;
      return undefined;
    }
    this.#serial = (this.#serial + 1) >>> 0;
    const entry = new Entry(flow, listener, owner, this.#serial, now);
    this.#put(entry);
    this.#options.identities?.entered(entry, identitiesOf(owner));
    return entry;
  }

  /** Notes that something came in by the flow; for one that is not known this does nothing. */
  seen({ transport, peer }: Flow): void {
    const ofTransport = this.#flows.get(transport);
    if (ofTransport === undefined) return;
    const entry = ofTransport.get(peerKey(peer));
    if (entry === undefined) return;
    const now = this.#options.now();
    if (this.#isOver(entry, now)) this.#expire(entry);
    else entry.lastSeen = now;
  }

  /** The live flow between that transport and that peer. */
  find(transport: Transport, peer: Peer): (AgentFlow & Entry) | undefined {
    const entry = this.#flows.get(transport)?.get(peerKey(peer));
    if (entry === undefined) return undefined;
    if (!this.#isOver(entry, this.#options.now())) return entry;
    this.#expire(entry);
    return undefined;
  }

  /** A connection ended. */
  closed({ transport, peer }: Flow): void {
    const entry = this.#flows.get(transport)?.get(peerKey(peer));
    if (entry === undefined) return;
    this.counters.closed++;
    this.#remove(entry);
  }

  /** Forgets flows that are over; called now and then it gets round to all of them. */
  sweep(): void {
    const now = this.#options.now();
    for (let count = 0; count < FLOWS_PER_SWEEP; count++) {
      const next = this.#cursor?.next();
      if (next === undefined || next.done === true) {
        this.#cursorTransports ??= this.#flows.values();
        const { value, done } = this.#cursorTransports.next();
        if (done === true) {
          this.#cursor = this.#cursorTransports = undefined;
          return;
        }
        this.#cursor = value.values();
      } else if (this.#isOver(next.value, now)) this.#expire(next.value);
    }
  }

  /** Every live flow, for whoever wants to see them; the table may change meanwhile. */
  *[Symbol.iterator](): IterableIterator<AgentFlow> {
    for (const ofTransport of this.#flows.values()) {
      for (const entry of ofTransport.values()) if (!this.#isOver(entry, this.#options.now())) yield entry;
    }
  }

  #put(entry: Entry): void {
    const { transport, peer } = entry;
    const ofTransport = this.#flows.get(transport);
    if (ofTransport === undefined) this.#flows.set(transport, new Map([[peerKey(peer), entry]]));
    else ofTransport.set(peerKey(peer), entry);
    this.#size++;
    this.counters.entered++;
  }

  #isOver(entry: Entry, now: number): boolean {
    if (entry.transport.reliable || entry.peer.association !== undefined) {
      return !entry.transport.isConnected(entry.peer);
    }
    const { keptAliveIdleMilliseconds, silentIdleMilliseconds } = this.#options;
    return now - entry.lastSeen >= (entry.keptAlive ? keptAliveIdleMilliseconds : silentIdleMilliseconds);
  }

  #expire(entry: Entry): void {
    this.counters.expired++;
    this.#remove(entry);
  }

  #remove(entry: Entry): void {
    if (this.#flows.get(entry.transport)?.delete(peerKey(entry.peer)) !== true) return;
    this.#size--;
    this.#options.identities?.removed(entry);
  }
}

function identitiesOf({ subject, identities }: FlowOwner): readonly string[] {
  return identities ?? [subject];
}

class Entry implements AgentFlow {
  readonly transport: Transport;
  readonly peer: Peer;
  readonly listener: SipListener;
  readonly serial: number;
  readonly since: number;
  lastSeen: number;
  subject: string;
  required: boolean;
  keptAlive: boolean;

  constructor({ transport, peer }: Flow, listener: SipListener, owner: FlowOwner, serial: number, now: number) {
    this.transport = transport;
    // The peer of an association knows where it is reached now.
    this.peer = peer.association === undefined ? { address: peer.address, port: peer.port } : peer;
    this.listener = listener;
    this.serial = serial;
    this.since = now;
    this.lastSeen = now;
    this.subject = owner.subject;
    this.required = owner.required;
    this.keptAlive = owner.keptAlive;
  }

  /** What an agent once said of its flow holds for all its dialogs. */
  renew({ subject, required, keptAlive }: FlowOwner, now: number): void {
    this.subject = subject;
    this.required ||= required;
    this.keptAlive ||= keptAlive;
    this.lastSeen = now;
  }
}
