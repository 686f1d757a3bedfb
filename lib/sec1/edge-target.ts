import type { Flow, Peer, ProxyTarget, Scheduler, SipRequest, SipResponse, Transport } from '../../sip/index.ts';
import { retryAfterSeconds, type SipTarget } from '../sec3/index.ts';
import type { ResolvedHop } from './hop-resolver.ts';
import type { LargeRequests } from './large-requests.ts';

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
  readonly #large: LargeRequests;
  readonly #tcp: Transport | undefined;

  /**
   * @param target the server behind the hop, where it is one of SEC-3
   * @param routes what to write into Record-Route, or for REGISTER into Path
   * @param large where the request goes if it is too large for a datagram
   * @param edit the last change to the copy that goes there
   */
  constructor(
    { hop, flow, siblings }: ResolvedHop,
    target: SipTarget | undefined,
    method: string,
    routes: readonly string[] | undefined,
    scheduler: Scheduler,
    large: { readonly requests: LargeRequests; readonly tcp: Transport | undefined },
    edit: (request: SipRequest) => void,
  ) {
    this.flow = flow;
    this.edit = edit;
    this.#target = target;
    this.#chosen = hop.target !== undefined;
    this.#siblings = siblings;
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

  admit(): boolean {
    if (this.#target === undefined) return true;
    if (this.#chosen && !this.#target.takes(this.#scheduler.now())) return false;
    this.#target.state.inFlight++;
    return true;
  }

  onOutcome(outcome: 'answered' | 'timeout' | 'unavailable', response?: SipResponse): void {
    if (this.#target === undefined) return;
    const retryAfter = outcome === 'unavailable' && response !== undefined ? retryAfterSeconds(response) : undefined;
    this.#target.settled(outcome, this.#scheduler.now(), this.flow.peer, this.#siblings, retryAfter);
  }

  onEnd(): void {
    if (this.#target !== undefined) this.#target.state.inFlight--;
  }
}
