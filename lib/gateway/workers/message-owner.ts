import {
  BRANCH_COOKIE,
  parseNameAddress,
  SipResponse,
  type Flow,
  type NameAddress,
  type Scheduler,
  type SipMessage,
  type Transport,
} from '../../../sip/index.ts';
import type { AgentFlows } from '../../sec1/index.ts';
import { branchMark, slotOfBranch } from './branch-mark.ts';
import { DialogOrder } from './dialog-order.ts';
import type { WorkerRelay } from './worker-relay.ts';

export interface MessageOwnerOptions {
  readonly slot: number;
  readonly relay: WorkerRelay;
  /** Of all listeners, in the order of `gateway.sec1.sip`; the same at every worker. */
  readonly transports: readonly Transport[];
  readonly scheduler: Scheduler;
  readonly flows: AgentFlows;
  /** Takes up again what had to wait. */
  readonly receive: (datagram: Buffer, flow: Flow) => void;
}

/** The gateway puts at most two Route entries of its own on top of those of others. */
const OWN_ROUTES = 2;

/** Methods whose responses set up a dialog, in which the target may send requests at once. */
const DIALOG_FORMING = new Set(['INVITE', 'SUBSCRIBE', 'REFER']);

/**
 * Sees to it that every message is dealt with by the worker that it belongs to, in order. The kernel shares datagrams out
 * by the addresses of both ends, so what a target answers often arrives at another worker than the one that asked. What an
 * agent sends always comes to one worker, also ACK and CANCEL, so requests stay where they arrive; only those that are to go
 * along a flow are taken to the worker that has it.
 */
export class MessageOwner {
  readonly #slot: number;
  readonly #ownBeginning: string;
  readonly #relay: WorkerRelay;
  readonly #order: DialogOrder;
  readonly #places: ReadonlyMap<Transport, number>;
  readonly #flows: AgentFlows;
  readonly #receive: (datagram: Buffer, flow: Flow) => void;

  constructor({ slot, relay, transports, scheduler, flows, receive }: MessageOwnerOptions) {
    this.#slot = slot;
    this.#ownBeginning = BRANCH_COOKIE + branchMark(slot);
    this.#relay = relay;
    this.#order = new DialogOrder(scheduler);
    this.#places = new Map(transports.map((transport, place) => [transport, place]));
    this.#flows = flows;
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
    if (message.has('Route') && this.#followFlow(message, datagram, flow)) return true;
    if (!this.#order.isPending) return false;
    // Datagrams are lent.
    const kept = Buffer.from(datagram);
    return this.#order.hold(message.callId, () => {
      this.#receive(kept, flow);
    });
  }

  /**
   * A request of the inside that names the flow of an agent is for the worker that has the flow; so are its CANCEL, its ACK and
   * its copies, which have the same Route. Over a stream the answer would not find back.
   */
  #followFlow(request: SipMessage, datagram: Buffer, { transport, peer }: Flow): boolean {
    const place = this.#places.get(transport);
    if (place === undefined || transport.reliable) return false;
    const slot = this.#flows.workerOf(topRoutes(request));
    if (slot === undefined || slot === this.#slot || !this.#relay.isOther(slot)) return false;
    return this.#relay.handOver(slot, place, peer, datagram, undefined);
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

function topRoutes(request: SipMessage): NameAddress[] {
  const routes: NameAddress[] = [];
  for (const value of request.values('Route').slice(0, OWN_ROUTES)) {
    const route = parseNameAddress(value);
    if (route !== undefined) routes.push(route);
  }
  return routes;
}
