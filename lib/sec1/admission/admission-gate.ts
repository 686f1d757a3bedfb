import type { Flow, Transport } from '../../../sip/index.ts';
import type { EdgeRefusal } from '../edge-events.ts';
import type { SipListener } from '../sip-listener.ts';
import { ChallengedSources } from './challenged-sources.ts';
import { offenceWeight, Offences } from './offences.ts';
import { Source } from './source.ts';
import { SourceTable } from './source-table.ts';
import { TokenBuckets, type Rate } from './token-buckets.ts';
import { UntrustedQueue } from './untrusted-queue.ts';

export interface AdmissionGateOptions {
  readonly strangers: {
    /** Of one address and port. */
    readonly perFlow: Rate;
    /** Of one IPv4 address or IPv6 /64. */
    readonly perAddress: Rate;
    /** Buckets in each row of each of the two tables. */
    readonly buckets: number;
  };
  readonly known: {
    readonly maximumFlows: number;
    /** How long a flow stays known after its last authenticated request. */
    readonly seconds: number;
    /** What is beyond goes through the queue of strangers. */
    readonly rate: Rate;
  };
  readonly queue: {
    readonly maximumDatagrams: number;
    readonly maximumBytes: number;
    readonly maximumAgeMilliseconds: number;
    readonly sliceMicroseconds: number;
    /** How long a challenge puts a source into the front lane. */
    readonly challengedSeconds: number;
  };
  readonly ban: {
    readonly flowScore: number;
    readonly addressScore: number;
    readonly halfLifeSeconds: number;
    readonly seconds: number;
    readonly maximumSources: number;
  };
  /** Where datagrams go that are let in. */
  readonly deliver: (datagram: Buffer, flow: Flow) => void;
  readonly defer: (callback: () => void) => void;
  readonly now: () => number;
  /** Gives that many unpredictable octets. */
  readonly random: (octets: number) => Buffer;
}

/** Addresses of the inside that are remembered, to save looking them up in the configured networks. */
const MAXIMUM_INSIDE_ADDRESSES = 1024;

/** A good credential pays off one wrong one. */
const FORGIVENESS = 4;

/** Places of the tables that are looked at in one step of the sweep. */
const SWEEP_PLACES = 8192;

interface Arrival {
  readonly number: number;
  readonly listener: SipListener | undefined;
  readonly inside: Set<string>;
}

/**
 * What stands in front of the SIP engine: decides for each datagram, before anything in it is read, whether it goes on at
 * once (from the inside and from flows that have authenticated), waits among strangers, or is dropped. Whatever strangers do, it
 * keeps no memory for them beyond tables of fixed size (docs/admission.md).
 */
export class AdmissionGate {
  readonly #options: AdmissionGateOptions;
  readonly #source: Source;
  readonly #perFlow: TokenBuckets;
  readonly #perAddress: TokenBuckets;
  readonly #known: SourceTable;
  readonly #knownInterval: number;
  readonly #knownTolerance: number;
  readonly #challenged: ChallengedSources;
  readonly #offendingFlows: Offences;
  readonly #offendingAddresses: Offences;
  readonly #queue: UntrustedQueue;
  readonly #arrivals = new Map<Transport, Arrival>();
  readonly #counters = {
    received: 0,
    inside: 0,
    known: 0,
    'known-over-rate': 0,
    queued: 0,
    'queued-front': 0,
    'rate-limited': 0,
    banned: 0,
    promoted: 0,
    'known-full': 0,
  };
  #octets = 0;
  #isKnown = false;

  constructor(options: AdmissionGateOptions) {
    const { strangers, known, queue, ban } = options;
    this.#options = options;
    this.#source = new Source(options.random);
    this.#perFlow = new TokenBuckets(strangers.perFlow, strangers.buckets);
    this.#perAddress = new TokenBuckets(strangers.perAddress, strangers.buckets);
    this.#known = new SourceTable(known.maximumFlows, 1);
    this.#knownInterval = 1000 / known.rate.perSecond;
    this.#knownTolerance = known.rate.burst * this.#knownInterval;
    this.#challenged = new ChallengedSources(queue.challengedSeconds * 1000, strangers.buckets);
    const bans = { halfLifeSeconds: ban.halfLifeSeconds, banSeconds: ban.seconds, maximumSources: ban.maximumSources };
    this.#offendingFlows = new Offences({ ...bans, maximumScore: ban.flowScore });
    this.#offendingAddresses = new Offences({ ...bans, maximumScore: ban.addressScore });
    this.#queue = new UntrustedQueue({
      ...queue,
      now: options.now,
      defer: options.defer,
      deliver: (datagram, flow) => {
        this.#deliver(datagram, flow, false);
      },
    });
  }

  /** What was counted so far, by kind: see docs/admission.md. */
  get counters(): Readonly<Record<string, number>> {
    const flows = this.#offendingFlows.counters;
    const addresses = this.#offendingAddresses.counters;
    return {
      ...this.#counters,
      ...this.#queue.counters,
      'ban-flows': flows.bans,
      'ban-addresses': addresses.bans,
      'ban-table-full': flows['ban-table-full'] + addresses['ban-table-full'],
    };
  }

  /** Datagrams of strangers that wait. */
  get queueLength(): number {
    return this.#queue.length;
  }

  /** Flows that are known. */
  get knownFlows(): number {
    return this.#known.size;
  }

  /** Bans in force, of flows and of addresses. */
  get bans(): number {
    const now = this.#options.now();
    return this.#offendingFlows.banned(now) + this.#offendingAddresses.banned(now);
  }

  /** Octets of the datagram that is being delivered right now. */
  get octets(): number {
    return this.#octets;
  }

  /** True when the datagram that is being delivered right now comes from the inside or a flow that is known. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** Lets the gate know whom each listener trusts. */
  setListeners(listeners: readonly SipListener[]): void {
    for (const listener of listeners) {
      for (const transport of listener.transports) {
        const number = this.#arrivals.get(transport)?.number ?? this.#arrivals.size;
        this.#arrivals.set(transport, { number, listener, inside: new Set() });
      }
    }
  }

  /** Takes a datagram from a transport, before anybody has looked into it. */
  receive(datagram: Buffer, flow: Flow): void {
    const counters = this.#counters;
    counters.received++;
    this.#queue.noteArrival();
    const { address } = flow.peer;
    const arrival = this.#arrivalOf(flow.transport);
    if (arrival.inside.size > 0 && arrival.inside.has(address)) {
      counters.inside++;
      this.#deliver(datagram, flow, true);
      return;
    }
    const source = this.#source;
    const now = this.#options.now();
    const place = this.#placeOf(flow, arrival, now);
    if (place >= 0) {
      if (this.#takeKnown(place, now)) {
        counters.known++;
        this.#deliver(datagram, flow, true);
        return;
      }
      counters['known-over-rate']++;
    } else if (this.#isInside(arrival, address)) {
      counters.inside++;
      this.#deliver(datagram, flow, true);
      return;
    } else if (!this.#passes(source, now)) return;
    const challenged = this.#challenged.has(source.flowHash, now);
    counters.queued++;
    if (challenged) counters['queued-front']++;
    this.#queue.push(datagram, flow, challenged, now);
  }

  /** A request from that flow was challenged: for some seconds it waits in the front lane. */
  challenged(flow: Flow): void {
    this.#read(flow);
    this.#challenged.add(this.#source.flowHash, this.#options.now());
  }

  /** A request from that flow was authenticated: from now on it does not wait. */
  authenticated(flow: Flow): void {
    const now = this.#options.now();
    const { association } = flow.peer;
    if (association !== undefined) {
      this.#source.readAssociation(association, this.#arrivalOf(flow.transport).number);
      this.#promote(now);
    }
    this.#read(flow);
    if (association === undefined) this.#promote(now);
    const { words, flowHash, addressHash } = this.#source;
    this.#offendingFlows.forgive(words, flowHash, Number.POSITIVE_INFINITY, now);
    this.#offendingAddresses.forgive(this.#source.network(), addressHash, FORGIVENESS, now);
  }

  /** A request from that flow was refused. Bad credentials count against strangers; what a flow that is known does, does not. */
  refused(flow: Flow, reason: EdgeRefusal): void {
    const weight = offenceWeight(reason);
    if (weight === 0) return;
    const now = this.#options.now();
    const { association } = flow.peer;
    if (association !== undefined) {
      this.#source.readAssociation(association, this.#arrivalOf(flow.transport).number);
      if (this.#known.find(this.#source.words, this.#source.flowHash, now) >= 0) return;
    }
    this.#read(flow);
    const { words, flowHash, addressHash } = this.#source;
    // A neighbour behind the same NAT, or somebody who forges its address, must not get a proven agent banned.
    if (this.#known.find(words, flowHash, now) >= 0) return;
    this.#offendingFlows.add(words, flowHash, weight, now);
    this.#offendingAddresses.add(this.#source.network(), addressHash, weight, now);
  }

  /** Frees the places of what has expired, a part at a time. To be called some times a second. */
  sweep(): void {
    const now = this.#options.now();
    this.#known.sweep(now, SWEEP_PLACES);
    this.#offendingFlows.sweep(now, SWEEP_PLACES);
    this.#offendingAddresses.sweep(now, SWEEP_PLACES);
  }

  /**
   * The place of a flow among those that are known, or -1; afterwards the source is read. An association that began with a
   * proof is known from its first message, wherever that comes from.
   */
  #placeOf({ transport, peer }: Flow, arrival: Arrival, now: number): number {
    const source = this.#source;
    const { address, port, association } = peer;
    if (association !== undefined) {
      source.readAssociation(association, arrival.number);
      let place = this.#known.find(source.words, source.flowHash, now);
      if (place < 0 && transport.isAuthenticated?.(peer) === true) place = this.#promote(now);
      if (place >= 0) return place;
    }
    source.read(address, port, arrival.number);
    return association === undefined ? this.#known.find(source.words, source.flowHash, now) : -1;
  }

  /** Makes the source that was read last known; -1 when there is no room. */
  #promote(now: number): number {
    const { words, flowHash } = this.#source;
    const before = this.#known.size;
    const place = this.#known.put(words, flowHash, now, now + this.#options.known.seconds * 1000);
    if (place < 0) this.#counters['known-full']++;
    else if (this.#known.size > before) this.#counters.promoted++;
    return place;
  }

  /** Bans and rates of strangers; false when the datagram is to be dropped, which is counted. */
  #passes(source: Source, now: number): boolean {
    const { words, flowHash, addressHash } = source;
    const network = source.network();
    if (
      this.#offendingFlows.isBanned(words, flowHash, now) ||
      this.#offendingAddresses.isBanned(network, addressHash, now)
    ) {
      this.#counters.banned++;
      return false;
    }
    // A flow that is over its own rate does not use its address's tokens up.
    if (this.#perFlow.take(flowHash, now) && this.#perAddress.take(addressHash, now)) return true;
    this.#counters['rate-limited']++;
    return false;
  }

  #takeKnown(place: number, now: number): boolean {
    const { data } = this.#known;
    const next = Math.max(data[place] ?? 0, now) + this.#knownInterval;
    if (next > now + this.#knownTolerance) return false;
    data[place] = next;
    return true;
  }

  #deliver(datagram: Buffer, flow: Flow, isKnown: boolean): void {
    this.#octets = datagram.length;
    this.#isKnown = isKnown;
    this.#options.deliver(datagram, flow);
  }

  #isInside({ listener, inside }: Arrival, address: string): boolean {
    if (listener?.trusts(address) !== true) return false;
    if (inside.size < MAXIMUM_INSIDE_ADDRESSES) inside.add(address);
    return true;
  }

  #read({ transport, peer }: Flow): void {
    this.#source.read(peer.address, peer.port, this.#arrivalOf(transport).number);
  }

  /** A datagram may come before the listeners are told of; it is a stranger's then. */
  #arrivalOf(transport: Transport): Arrival {
    let arrival = this.#arrivals.get(transport);
    if (arrival === undefined) {
      arrival = { number: this.#arrivals.size, listener: undefined, inside: new Set() };
      this.#arrivals.set(transport, arrival);
    }
    return arrival;
  }
}
