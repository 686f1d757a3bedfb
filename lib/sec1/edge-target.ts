import {
  retryAfterSeconds,
  type Flow,
  type Peer,
  type ProxyTarget,
  type Scheduler,
  type SipRequest,
  type SipResponse,
} from '../../sip/index.ts';
import type { SipTarget } from '../sec3/index.ts';
import type { Departures } from './departures.ts';
import type { ResolvedHop } from './hop-resolver.ts';
import type { LargeRequests } from './large-requests.ts';
import type { Hop } from './sip-route.ts';

/** What finds the way of a request that is too large for a datagram. */
export interface LargeWays {
  readonly largeRequests: LargeRequests;
  readonly departures: Departures;
}

/** A hop whose host has been resolved, as the proxy core takes it. */
export class EdgeTarget implements ProxyTarget {
  readonly flow: Flow;
  readonly recordRoute?: readonly string[];
  readonly path?: readonly string[];
  readonly responseTimeout?: number;
  readonly edit: (request: SipRequest) => void;
  readonly hidesVia: boolean;
  readonly #target: SipTarget | undefined;
  readonly #hop: Hop;
  readonly #siblings: readonly Peer[];
  readonly #scheduler: Scheduler;
  readonly #large: LargeWays;

  /**
   * @param target the server behind the hop, where it is one of SEC-3
   * @param routes what to write into Record-Route, or for REGISTER into Path
   * @param hidesVia whether the place must see no Via but ours
   * @param large what to ask when the request is too large for a datagram
   * @param edit the last change to the copy that goes there
   */
  constructor(
    { hop, flow, siblings }: ResolvedHop,
    target: SipTarget | undefined,
    method: string,
    routes: readonly string[] | undefined,
    hidesVia: boolean,
    scheduler: Scheduler,
    large: LargeWays,
    edit: (request: SipRequest) => void,
  ) {
    this.flow = flow;
    this.edit = edit;
    this.hidesVia = hidesVia;
    this.#target = target;
    this.#hop = hop;
    this.#siblings = siblings;
    this.#scheduler = scheduler;
    this.#large = large;
    if (routes !== undefined) {
      if (method === 'REGISTER') this.path = routes;
      else this.recordRoute = routes;
    }
    if (hop.responseTimeoutMilliseconds !== undefined) this.responseTimeout = hop.responseTimeoutMilliseconds;
  }

  flowFor(octets: number): Flow | undefined {
    const { largeRequests, departures } = this.#large;
    const { transport, peer } = this.flow;
    if (transport.reliable || !largeRequests.isLarge(octets)) return undefined;
    // An agent behind NAT takes nothing but what comes by its flow.
    const { listener, flow } = this.#hop;
    const tcp = flow === undefined ? departures.find(listener, peer.address, 'TCP') : undefined;
    return largeRequests.flowFor(tcp === undefined ? undefined : { transport: tcp, peer });
  }

  onFlowRefused(refused: Flow): void {
    this.#large.largeRequests.refused(refused);
  }

  admit(): boolean {
    const target = this.#target;
    if (target === undefined) return true;
    // The clock is read only where the answer depends on it.
    const now = target.state.hasAskedToWait ? this.#scheduler.now() : 0;
    // What a dialog sends to a target is counted, but not refused.
    if (this.#hop.target !== undefined && !target.takes(now)) return false;
    target.state.inFlight++;
    return true;
  }

  onOutcome(outcome: 'answered' | 'timeout' | 'unavailable', response?: SipResponse): void {
    const target = this.#target;
    if (target === undefined) return;
    if (outcome === 'answered') {
      target.answered(this.flow.peer);
      return;
    }
    const retryAfter = outcome === 'unavailable' && response !== undefined ? retryAfterSeconds(response) : undefined;
    target.failed(outcome, this.#scheduler.now(), this.flow.peer, this.#siblings, retryAfter);
  }

  onEnd(): void {
    if (this.#target !== undefined) this.#target.state.inFlight--;
  }
}
