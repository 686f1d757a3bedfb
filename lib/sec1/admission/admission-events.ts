import type { Flow, SipRequest } from '../../../sip/index.ts';
import type { Identity } from '../../identity/index.ts';
import type { EdgeEvents, EdgeRefusal } from '../edge-events.ts';
import type { AdmissionGate } from './admission-gate.ts';

/** Tells the gate what became of requests, and passes it on. */
export class AdmissionEvents implements EdgeEvents {
  readonly #gate: AdmissionGate;
  readonly #next: EdgeEvents;

  constructor(gate: AdmissionGate, next: EdgeEvents) {
    this.#gate = gate;
    this.#next = next;
  }

  authenticated(request: SipRequest, flow: Flow, identity: Identity, asserted: readonly string[]): void {
    // The inside is known by its address, and an excused method proves nothing.
    if (identity.scheme !== 'trusted' && identity.scheme !== 'none') this.#gate.authenticated(flow);
    this.#next.authenticated(request, flow, identity, asserted);
  }

  refused(request: SipRequest, flow: Flow, reason: EdgeRefusal, status: number): void {
    if (status === 401 || status === 407) this.#gate.challenged(flow);
    this.#gate.refused(flow, reason);
    this.#next.refused(request, flow, reason, status);
  }

  ackDropped(request: SipRequest, flow: Flow, reason: EdgeRefusal): void {
    this.#next.ackDropped(request, flow, reason);
  }
}
