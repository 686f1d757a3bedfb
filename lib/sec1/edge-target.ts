import type { Flow, ProxyTarget, Scheduler, SipRequest } from '../../sip/index.ts';
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

  /**
   * @param routes what to write into Record-Route, or for REGISTER into Path
   * @param edit the last change to the copy that goes there
   */
  constructor(
    flow: Flow,
    hop: Hop,
    method: string,
    routes: readonly string[] | undefined,
    scheduler: Scheduler,
    edit: (request: SipRequest) => void,
  ) {
    this.flow = flow;
    this.edit = edit;
    this.#hop = hop;
    this.#scheduler = scheduler;
    if (routes !== undefined) {
      if (method === 'REGISTER') this.path = routes;
      else this.recordRoute = routes;
    }
    if (hop.responseTimeoutMilliseconds !== undefined) this.responseTimeout = hop.responseTimeoutMilliseconds;
  }

  onOutcome(outcome: 'answered' | 'timeout' | 'unavailable'): void {
    if (outcome === 'answered') this.#hop.target?.answered();
    else this.#hop.target?.failed(this.#scheduler.now());
  }
}
