import type { CarrierResult, Recipient } from '../../../push/index.ts';
import { PUSH_PACKAGE_CONTENT_TYPE } from '../../../push/index.ts';
import type { Scheduler, TransactionEngine } from '../../../sip/index.ts';
import type { AgentFlow, AgentFlows, IdentityFlows } from '../../sec1/index.ts';
import { attemptMessage } from './message-attempt.ts';
import { pushRequest, type Parcel } from './push-request.ts';

export interface FlowSenderOptions {
  readonly engine: Pick<TransactionEngine, 'request'>;
  readonly scheduler: Scheduler;
  readonly flows: Pick<AgentFlows, 'table'>;
  readonly identities: IdentityFlows;
  /** FQDN of the gateway. */
  readonly fqdn: string;
  readonly token: () => string;
  /** How long an agent may take on one flow. */
  readonly timeoutMilliseconds: number;
  /** Longer MESSAGEs are not sent over UDP and DTLS (RFC 3428 8). */
  readonly maximumDatagramOctets: number;
  readonly late: (reply: Buffer) => void;
}

/** How it ended; `tryNext` when another worker, or the SIP core, may have more luck. */
export interface SendResult {
  readonly result: CarrierResult;
  readonly tryNext: boolean;
}

/** Octets that the engine adds: our Via and Content-Length. */
const ADDED_OCTETS = 160;

/** Sends packages over the flows that agents opened to this process, the newest first, the next one when it fails. */
export class FlowSender {
  readonly counters = { sent: 0, nextFlow: 0, tooLarge: 0 };
  readonly #options: FlowSenderOptions;

  constructor(options: FlowSenderOptions) {
    this.#options = options;
  }

  has(recipient: Recipient): boolean {
    return this.#find(recipient).length > 0;
  }

  /** When the newest flow was entered or renewed, milliseconds ago; undefined without one. */
  age(recipient: Recipient): number | undefined {
    const [flow] = this.#find(recipient);
    return flow === undefined ? undefined : this.#options.scheduler.now() - flow.lastSeen;
  }

  async send(parcel: Parcel): Promise<SendResult> {
    const { engine, scheduler, timeoutMilliseconds, maximumDatagramOctets, late, fqdn, token } = this.#options;
    let last: SendResult = NO_FLOW;
    for (const flow of this.#find(parcel.recipient)) {
      const request = pushRequest(parcel, fqdn, this.#uriOf(flow, parcel.recipient), token());
      if (!flow.transport.reliable && isLonger(request.toText().length, maximumDatagramOctets)) {
        this.counters.tooLarge++;
        last = { result: TOO_LARGE, tryNext: true };
        continue;
      }
      if (last !== NO_FLOW) this.counters.nextFlow++;
      this.counters.sent++;
      const parts = { engine, scheduler, timeoutMilliseconds, late, replyType: PUSH_PACKAGE_CONTENT_TYPE };
      last = await attemptMessage(request, flow, parts);
      if (!last.tryNext) return last;
    }
    return last;
  }

  #find({ value }: Recipient): readonly AgentFlow[] {
    const { flows, identities } = this.#options;
    const known = identities.find(value);
    // Looking one up in the table forgets it when it is over.
    return known.filter((flow) => flows.table.find(flow.transport, flow.peer) === flow);
  }

  /** The public identity that the push is for, or the first one of the agent. */
  #uriOf(flow: AgentFlow, { type, value }: Recipient): string {
    if (type === 'impu') return value;
    const own = this.#options.identities.identitiesOf(flow).find((one) => PUBLIC.test(one));
    return own ?? `sip:${this.#options.fqdn}`;
  }
}

const PUBLIC = /^(?:sips?|tel):/i;
const NO_FLOW: SendResult = { result: { outcome: 'failed', temporary: true, reason: 'no-flow' }, tryNext: true };
const TOO_LARGE: CarrierResult = { outcome: 'failed', temporary: false, reason: 'sip-too-large' };

function isLonger(octets: number, maximum: number): boolean {
  return octets + ADDED_OCTETS > maximum;
}
