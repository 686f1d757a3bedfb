import { PUSH_PACKAGE_CONTENT_TYPE, type CarrierResult } from '../../../push/index.ts';
import type { Scheduler, TransactionEngine } from '../../../sip/index.ts';
import { EdgeTarget, type LargeWays } from '../../sec1/edge-target.ts';
import type { HopResolver, SipListener } from '../../sec1/index.ts';
import { chooseTargets } from '../../sec3/target-choice.ts';
import type { SipTargetTable } from '../../sec3/index.ts';
import { attemptMessage } from './message-attempt.ts';
import { pushRequest, type Parcel } from './push-request.ts';

export interface CoreSenderOptions {
  readonly engine: Pick<TransactionEngine, 'request'>;
  readonly scheduler: Scheduler;
  /** The group of targets in `gateway.sec3.sip` that is the SIP core. */
  readonly target: string;
  /** The targets in force. */
  readonly table: () => SipTargetTable;
  /** The listener that the group's requests leave by. */
  readonly listener: () => SipListener | undefined;
  readonly resolver: HopResolver;
  readonly large: LargeWays;
  readonly fqdn: string;
  readonly token: () => string;
  readonly random: () => number;
  /** How long the core may take: it has to find the agent first. */
  readonly timeoutMilliseconds: number;
  readonly late: (reply: Buffer) => void;
}

const UNAVAILABLE: CarrierResult = { outcome: 'failed', temporary: true, reason: 'core-unavailable' };

/** Sends packages to the SIP core, which knows where the recipient is registered. */
export class CoreSender {
  readonly counters = { sent: 0 };
  readonly #options: CoreSenderOptions;

  constructor(options: CoreSenderOptions) {
    this.#options = options;
  }

  /** The recipient is a public identity: the core knows nobody by another. */
  async send(parcel: Parcel): Promise<CarrierResult> {
    const { table, target: name, listener: listenerOf, resolver, scheduler, random, large } = this.#options;
    const rule = table().rules.find((one) => one.name === name);
    const listener = listenerOf();
    if (rule === undefined || listener === undefined) return UNAVAILABLE;
    const targets = chooseTargets(rule.groups, scheduler.now(), random);
    const hops = targets.map((target) => ({ query: target.query, listener, target, chosenByPeer: false }));
    let last = UNAVAILABLE;
    for (const place of await resolver.resolve(hops)) {
      const edge = new EdgeTarget(
        place,
        place.hop.target,
        'MESSAGE',
        undefined,
        false,
        scheduler,
        large,
        () => undefined,
      );
      if (!edge.admit()) continue;
      const { result, tryNext } = await this.#try(parcel, edge);
      last = result;
      if (!tryNext) return result;
    }
    return last;
  }

  async #try(parcel: Parcel, edge: EdgeTarget): Promise<{ readonly result: CarrierResult; readonly tryNext: boolean }> {
    const { engine, scheduler, timeoutMilliseconds, late, fqdn, token } = this.#options;
    const parts = { engine, scheduler, timeoutMilliseconds, late, replyType: PUSH_PACKAGE_CONTENT_TYPE };
    const request = (): ReturnType<typeof pushRequest> => pushRequest(parcel, fqdn, parcel.recipient.value, token());
    const ways = { tcp: false };
    const sizing = {
      flowFor: (octets: number) => {
        const flow = edge.flowFor(octets);
        if (flow !== undefined) ways.tcp = true;
        return flow;
      },
    };
    try {
      this.counters.sent++;
      let attempt = await attemptMessage(request(), edge.flow, { ...parts, sizing });
      if (ways.tcp && attempt.response === undefined) {
        // RFC 3261 18.1.1: TCP is not to be had, so the datagram goes after all.
        edge.onFlowRefused(edge.flow);
        attempt = await attemptMessage(request(), edge.flow, parts);
      }
      const { response } = attempt;
      if (response === undefined) edge.onOutcome('timeout');
      else edge.onOutcome(response.status === 503 ? 'unavailable' : 'answered', response);
      return { result: attempt.result, tryNext: response === undefined || response.status === 503 };
    } finally {
      edge.onEnd();
    }
  }
}
