import type { Flow, SipRequest } from '../../sip/index.ts';
import type { RefusalReason } from '../identity/index.ts';
import type { Identity } from '../identity/index.ts';

/** Why the edge did not let a request through; each is a value of the label `reason` in log and metric. */
export type EdgeRefusal = RefusalReason;

/** What the edge tells log and metrics. Nothing here carries a key, a credential or a body. */
export interface EdgeEvents {
  authenticated(request: SipRequest, flow: Flow, identity: Identity, asserted: readonly string[]): void;
  refused(request: SipRequest, flow: Flow, reason: EdgeRefusal, status: number): void;
  /** An ACK that was not let through; nothing can be answered to it. */
  ackDropped(request: SipRequest, flow: Flow, reason: EdgeRefusal): void;
}
