import {
  BRANCH_COOKIE,
  SipResponse,
  type Flow,
  type Scheduler,
  type SipMessage,
  type Transport,
} from '../../../sip/index.ts';
import { branchMark, slotOfBranch } from './branch-mark.ts';
import { DialogOrder } from './dialog-order.ts';
import type { WorkerRelay } from './worker-relay.ts';

/** Methods whose responses set up a dialog, in which the target may send requests at once. */
const DIALOG_FORMING = new Set(['INVITE', 'SUBSCRIBE', 'REFER']);

/**
 * Sees to it that every message is dealt with by the worker that it belongs to, in order. The kernel shares datagrams out
 * by the addresses of both ends, so what a target answers often arrives at another worker than the one that asked. What an
 * agent sends always comes to one worker, also ACK and CANCEL, so requests stay where they arrive.
 */
export class MessageOwner {
  readonly #ownBeginning: string;
  readonly #relay: WorkerRelay;
  readonly #order: DialogOrder;
  readonly #places: ReadonlyMap<Transport, number>;
  readonly #receive: (datagram: Buffer, flow: Flow) => void;

  /**
   * @param transports of the listeners, in the order of `gateway.sec1.sip`
   * @param receive takes up again what had to wait
   */
  constructor(
    slot: number,
    relay: WorkerRelay,
    transports: readonly Transport[],
    scheduler: Scheduler,
    receive: (datagram: Buffer, flow: Flow) => void,
  ) {
    this.#ownBeginning = BRANCH_COOKIE + branchMark(slot);
    this.#relay = relay;
    this.#order = new DialogOrder(scheduler);
    this.#places = new Map(transports.map((transport, place) => [transport, place]));
    this.#receive = receive;
    relay.onDone = (callId) => {
      this.#order.done(callId);
    };
  }

  get counters(): Readonly<Record<string, number>> {
    return this.#order.counters;
  }

  /** True when the message is not, or not yet, to be dealt with here. */
  intercept(message: SipMessage, datagram: Buffer, flow: Flow): boolean {
    if (message instanceof SipResponse) return this.#handOver(message, datagram, flow);
    if (!this.#order.isPending) return false;
    return this.#order.hold(message.callId, () => {
      this.#receive(datagram, flow);
    });
  }

  #handOver(response: SipResponse, datagram: Buffer, flow: Flow): boolean {
    const branch = response.topVia?.branch;
    if (branch === undefined || branch.startsWith(this.#ownBeginning)) return false;
    const slot = slotOfBranch(branch);
    const place = this.#places.get(flow.transport);
    if (slot === undefined || place === undefined || !this.#relay.isOther(slot)) return false;
    const { callId } = response;
    const inOrder = setsUpDialog(response) && this.#order.expect(callId);
    const sent = this.#relay.handOver(slot, place, flow.peer, datagram, inOrder ? callId : undefined);
    if (inOrder && !sent) this.#order.done(callId);
    return true;
  }
}

function setsUpDialog({ status, cseq }: SipResponse): boolean {
  return status > 100 && status < 300 && DIALOG_FORMING.has(cseq.method);
}
