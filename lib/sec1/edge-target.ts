import type { Flow, Peer, ProxyTarget, Scheduler, SipRequest, SipResponse } from '../../sip/index.ts';
import { retryAfterSeconds, type SipTarget } from '../sec3/index.ts';
import type { ResolvedHop } from './hop-resolver.ts';

/** A hop whose host has been resolved, as the proxy core takes it. */
export class EdgeTarget implements ProxyTarget {
  readonly flow: Flow;
  readonly recordRoute?: readonly string[];
  readonly path?: readonly string[];
  readonly responseTimeout?: number;
  readonly edit: (request: SipRequest) => void;
  readonly #target: SipTarget | undefined;
  /** True for what the target was chosen for; what a dialog sends there is counted, but not refused. */
  readonly #chosen: boolean;
  readonly #siblings: readonly Peer[];
  readonly #scheduler: Scheduler;

  /**
   * @param target the server behind the hop, where it is one of SEC-3
   * @param routes what to write into Record-Route, or for REGISTER into Path
   * @param edit the last change to the copy that goes there
   */
  constructor(
    { hop, flow, siblings }: ResolvedHop,
    target: SipTarget | undefined,
    method: string,
    routes: readonly string[] | undefined,
    scheduler: Scheduler,
    edit: (request: SipRequest) => void,
  ) {
    this.flow = flow;
    this.edit = edit;
    this.#target = target;
    this.#chosen = hop.target !== undefined;
    this.#siblings = siblings;
    this.#scheduler = scheduler;
    if (routes !== undefined) {
      if (method === 'REGISTER') this.path = routes;
      else this.recordRoute = routes;
    }
    if (hop.responseTimeoutMilliseconds !== undefined) this.responseTimeout = hop.responseTimeoutMilliseconds;
  }

  admit(): boolean {
    const target = this.#target;
    if (target === undefined) return true;
    // The clock is read only where the answer depends on it.
    const now = target.state.hasAskedToWait ? this.#scheduler.now() : 0;
    if (this.#chosen && !target.takes(now)) return false;
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
