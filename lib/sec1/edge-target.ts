import type { LargeRequests } from './large-requests.ts';
import type { Flow, ProxyTarget, Scheduler, SipRequest, Transport } from '../../sip/index.ts';
import type { Hop } from './sip-route.ts';

/** A hop whose host has been resolved, as the proxy core takes it. */
export class EdgeTarget implements ProxyTarget {
  readonly flow: Flow;
  readonly recordRoute?: readonly string[];
  readonly path?: readonly string[];
  readonly responseTimeout?: number;
  readonly edit: (request: SipRequest) => void;
  readonly #hop: Hop;
  readonly #scheduler: Scheduler;
  readonly #large: LargeRequests;
  readonly #tcp: Transport | undefined;

  /**
   * @param routes what to write into Record-Route, or for REGISTER into Path
   * @param large where the request goes if it is too large for a datagram
   * @param edit the last change to the copy that goes there
   */
  constructor(
    flow: Flow,
    hop: Hop,
    method: string,
    routes: readonly string[] | undefined,
    scheduler: Scheduler,
    large: { readonly requests: LargeRequests; readonly tcp: Transport | undefined },
    edit: (request: SipRequest) => void,
  ) {
    this.flow = flow;
    this.edit = edit;
    this.#hop = hop;
    this.#scheduler = scheduler;
    this.#large = large.requests;
    this.#tcp = large.tcp;
    if (routes !== undefined) {
      if (method === 'REGISTER') this.path = routes;
      else this.recordRoute = routes;
    }
    if (hop.responseTimeoutMilliseconds !== undefined) this.responseTimeout = hop.responseTimeoutMilliseconds;
  }

  flowFor(octets: number): Flow | undefined {
    if (this.flow.transport.reliable) return undefined;
    const tcp = this.#tcp === undefined ? undefined : { transport: this.#tcp, peer: this.flow.peer };
    return this.#large.flowFor(octets, tcp);
  }

  onFlowRefused(refused: Flow): void {
    this.#large.refused(refused);
  }

  onOutcome(outcome: 'answered' | 'timeout' | 'unavailable'): void {
    if (outcome === 'answered') this.#hop.target?.answered();
    else this.#hop.target?.failed(this.#scheduler.now());
  }
}
