import type { Scheduler, Timer } from '../scheduler.ts';
import type { Destination } from './destination.ts';
import type { DnsClient } from './dns-client.ts';
import { LookUp } from './look-up.ts';
import { destinationsOf, isFixed, type Plan } from './plan.ts';
import type { Reach } from './reach.ts';
import type { ResolutionQuery } from './resolution-query.ts';

export interface ResolverLimits {
  /** An answer is kept at least that long, whatever its time to live. */
  readonly minimumTtlMilliseconds: number;
  /** And at most that long. */
  readonly maximumTtlMilliseconds: number;
  /** How long it is remembered that a name leads nowhere, or that nobody could tell. */
  readonly negativeTtlMilliseconds: number;
  /** How long after its end an answer is still used when no server answers (RFC 8767). */
  readonly staleMilliseconds: number;
  /** The longest that anybody waits for a look-up. */
  readonly timeoutMilliseconds: number;
  /** Names remembered; for a new one the one that was looked up longest ago goes. */
  readonly maximumNames: number;
  /** Look-ups under way; a further one is refused. */
  readonly maximumPending: number;
  /** Servers, and addresses of each, used of one answer. */
  readonly maximumDestinations: number;
}

export interface SipResolverOptions {
  readonly dns: DnsClient;
  readonly scheduler: Scheduler;
  /** Gives numbers from 0 up to but not including 1, for the choice by weight. */
  readonly random: () => number;
  readonly limits: ResolverLimits;
}

/**
 * Where a SIP URI leads (RFC 3263): an ordered list of addresses, ports and protocols that the sender can reach. What is known
 * is given at once; the choice by weight is made anew each time that somebody asks.
 */
export class SipResolver {
  readonly counters = {
    lookUps: 0,
    joined: 0,
    found: 0,
    none: 0,
    failed: 0,
    timeouts: 0,
    staleUsed: 0,
    refusedPending: 0,
    evicted: 0,
    truncated: 0,
  };
  readonly #dns: DnsClient;
  readonly #scheduler: Scheduler;
  readonly #random: () => number;
  readonly #limits: ResolverLimits;
  readonly #answers = new Map<string, Answer>();
  readonly #pending = new Map<string, Promise<readonly Destination[]>>();

  constructor(options: SipResolverOptions) {
    this.#dns = options.dns;
    this.#scheduler = options.scheduler;
    this.#random = options.random;
    this.#limits = options.limits;
  }

  /** Look-ups under way. */
  get pendingCount(): number {
    return this.#pending.size;
  }

  /** Names remembered, those included of which the time is over. */
  get size(): number {
    return this.#answers.size;
  }

  /** The destinations, where no look-up is needed; empty when the URI leads nowhere that the sender can reach. */
  cached(query: ResolutionQuery, reach: Reach): readonly Destination[] | undefined {
    if (query.fixed !== undefined) return (query.fixedReach & reach) === 0 ? NOWHERE : query.fixed;
    const answer = this.#answers.get(keyOf(query, reach));
    return answer === undefined || this.#scheduler.now() >= answer.expires ? undefined : this.#drawn(answer);
  }

  /** The destinations, looked up where needed. Never rejects; those who ask for the same at once share one look-up. */
  async resolve(query: ResolutionQuery, reach: Reach): Promise<readonly Destination[]> {
    const known = this.cached(query, reach);
    if (known !== undefined) return known;
    const key = keyOf(query, reach);
    const pending = this.#pending.get(key);
    if (pending !== undefined) {
      this.counters.joined++;
      return pending;
    }
    if (this.#pending.size >= this.#limits.maximumPending) {
      this.counters.refusedPending++;
      return this.#stale(key) ?? NOWHERE;
    }
    this.counters.lookUps++;
    const started = this.#lookUp(key, query, reach);
    this.#pending.set(key, started);
    return started;
  }

  async #lookUp(key: string, query: ResolutionQuery, reach: Reach): Promise<readonly Destination[]> {
    const { promise: deadline, resolve: expire } = Promise.withResolvers<undefined>();
    const timer: Timer = this.#scheduler.schedule(this.#limits.timeoutMilliseconds, expire, undefined);
    const looking = new LookUp(query, reach, this.#dns, this.#limits.maximumDestinations).run().then((plan) => {
      // Only now is the place free: a look-up that nobody waits for any more still has its questions out.
      this.#pending.delete(key);
      return this.#settled(key, plan);
    });
    const destinations = await Promise.race([looking, deadline]);
    timer.cancel();
    if (destinations !== undefined) return destinations;
    this.counters.timeouts++;
    return this.#stale(key) ?? NOWHERE;
  }

  #settled(key: string, plan: Plan): readonly Destination[] {
    this.counters[plan.outcome]++;
    this.counters.truncated += plan.truncated;
    if (plan.outcome === 'failed') {
      const stale = this.#stale(key);
      if (stale !== undefined) return stale;
    }
    const { minimumTtlMilliseconds, maximumTtlMilliseconds, negativeTtlMilliseconds } = this.#limits;
    const ttl =
      plan.outcome === 'found'
        ? Math.min(Math.max(plan.ttlMilliseconds, minimumTtlMilliseconds), maximumTtlMilliseconds)
        : negativeTtlMilliseconds;
    const expires = this.#scheduler.now() + ttl;
    const answer: Answer = {
      plan,
      order: isFixed(plan) ? destinationsOf(plan, this.#random) : undefined,
      expires,
      staleUntil: plan.outcome === 'found' ? expires + this.#limits.staleMilliseconds : expires,
    };
    this.#remember(key, answer);
    return this.#drawn(answer);
  }

  #remember(key: string, answer: Answer): void {
    // Taken out first, so that the order of the map is that of the look-ups.
    this.#answers.delete(key);
    if (this.#answers.size >= this.#limits.maximumNames) {
      const oldest = this.#answers.keys().next();
      if (oldest.done !== true) this.#answers.delete(oldest.value);
      this.counters.evicted++;
    }
    this.#answers.set(key, answer);
  }

  /** An answer whose time is over, where it may still be used; it then holds until it is worth asking again. */
  #stale(key: string): readonly Destination[] | undefined {
    const answer = this.#answers.get(key);
    const now = this.#scheduler.now();
    if (answer === undefined || now >= answer.staleUntil) return undefined;
    answer.expires = Math.max(answer.expires, now + this.#limits.negativeTtlMilliseconds);
    this.counters.staleUsed++;
    return this.#drawn(answer);
  }

  #drawn({ order, plan }: Answer): readonly Destination[] {
    return order ?? destinationsOf(plan, this.#random);
  }
}

interface Answer {
  readonly plan: Plan;
  /** The destinations, where there is nothing to draw. */
  readonly order: readonly Destination[] | undefined;
  expires: number;
  readonly staleUntil: number;
}

const NOWHERE: readonly Destination[] = [];

function keyOf(query: ResolutionQuery, reach: Reach): string {
  return `${reach} ${query.key}`;
}
