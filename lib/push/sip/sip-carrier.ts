import type { Carrier, CarrierResult, Delivery, Recipient } from '../../../push/index.ts';
import type { CoreSender } from './core-sender.ts';
import type { FlowSender, SendResult } from './flow-sender.ts';
import type { Parcel } from './push-request.ts';

/** Flows that other workers have; never rejects. */
export interface RemoteFlows {
  has(recipient: Recipient): Promise<boolean>;
  send(parcel: Parcel): Promise<SendResult>;
}

export interface SipCarrierOptions {
  readonly flows: FlowSender;
  /** Absent where there is one process. */
  readonly remote?: RemoteFlows | undefined;
  /** Absent where no SIP core is configured. */
  readonly core?: CoreSender | undefined;
}

/** MESSAGE over a flow that the agent has opened, and without one that works, through the SIP core by the public identity. */
export class SipCarrier implements Carrier {
  readonly name = 'sip';
  readonly #options: SipCarrierOptions;

  constructor(options: SipCarrierOptions) {
    this.#options = options;
  }

  /** What flows, other workers and core were given, by kind. */
  get counters(): Readonly<Record<string, number>> {
    const { flows, core } = this.#options;
    return { ...flows.counters, core: core?.counters.sent ?? 0 };
  }

  canReach(recipient: Recipient): boolean | Promise<boolean> {
    const { flows, core, remote } = this.#options;
    if ((core !== undefined && recipient.type === 'impu') || flows.has(recipient)) return true;
    return remote?.has(recipient) ?? false;
  }

  async deliver(delivery: Delivery): Promise<CarrierResult> {
    const { flows, core, remote } = this.#options;
    let last = await flows.send(delivery);
    if (last.tryNext && remote !== undefined) {
      const there = await remote.send(delivery);
      if (!isNoFlow(there.result)) last = there;
    }
    if (!last.tryNext || core === undefined || delivery.recipient.type !== 'impu') return last.result;
    return core.send(delivery);
  }

  async close(): Promise<void> {
    // The engine's transactions end with the engine.
  }
}

function isNoFlow(result: CarrierResult): boolean {
  return result.outcome === 'failed' && result.reason === 'no-flow';
}
