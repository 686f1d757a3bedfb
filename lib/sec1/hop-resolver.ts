import type { Destination, Flow, Reach, Scheduler, SipResolver } from '../../sip/index.ts';
import type { Departures } from './departures.ts';
import type { SipListener } from './sip-listener.ts';
import type { Hop } from './sip-route.ts';

/** One place that a hop leads to. */
export interface ResolvedHop {
  readonly hop: Hop;
  readonly flow: Flow;
  /** All addresses of the server behind the hop, this one included. */
  readonly siblings: readonly Destination[];
}

/** Turns hops into places to send to (RFC 3263), those that the hop's side has a transport for. */
export class HopResolver {
  readonly #resolver: SipResolver;
  readonly #departures: Departures;
  readonly #scheduler: Scheduler;
  readonly #reaches = new WeakMap<SipListener, Reach>();
  /** Nearly every request leaves by the same listener as the one before. */
  #lastListener: SipListener | undefined;
  #lastReach: Reach = 0;

  constructor(resolver: SipResolver, departures: Departures, scheduler: Scheduler) {
    this.#resolver = resolver;
    this.#departures = departures;
    this.#scheduler = scheduler;
  }

  /** The places in the order to try them; a promise, which never rejects, only where something must be looked up. */
  resolve(hops: readonly Hop[]): readonly ResolvedHop[] | Promise<readonly ResolvedHop[]> {
    const resolved: ResolvedHop[] = [];
    for (const hop of hops) {
      if (hop.flow !== undefined) {
        resolved.push({ hop, flow: hop.flow, siblings: NO_SIBLINGS });
        continue;
      }
      const destinations = this.#resolver.cached(hop.query, this.#reachOf(hop.listener));
      if (destinations === undefined) return this.#lookUp(hops);
      this.#add(resolved, hop, destinations);
    }
    return resolved;
  }

  async #lookUp(hops: readonly Hop[]): Promise<readonly ResolvedHop[]> {
    const found = await Promise.all(
      hops.map(async (hop) => this.#resolver.resolve(hop.query, this.#reachOf(hop.listener))),
    );
    const resolved: ResolvedHop[] = [];
    for (const [index, hop] of hops.entries()) this.#add(resolved, hop, found[index] ?? []);
    return resolved;
  }

  #add(resolved: ResolvedHop[], hop: Hop, destinations: readonly Destination[]): void {
    const { target } = hop;
    const usable =
      target === undefined || destinations.length <= 1
        ? destinations
        : target.usable(destinations, this.#scheduler.now());
    if (usable.length === 0 && target !== undefined) target.state.passedOver.unresolved++;
    for (const { address, port, protocol } of usable) {
      const transport = this.#departures.find(hop.listener, address, protocol);
      if (transport !== undefined) {
        resolved.push({ hop, flow: { transport, peer: { address, port } }, siblings: destinations });
      }
    }
  }

  #reachOf(listener: SipListener): Reach {
    if (listener === this.#lastListener) return this.#lastReach;
    let reach = this.#reaches.get(listener);
    if (reach === undefined) {
      reach = this.#departures.reach(listener);
      this.#reaches.set(listener, reach);
    }
    this.#lastListener = listener;
    this.#lastReach = reach;
    return reach;
  }
}

const NO_SIBLINGS: readonly Destination[] = [];
