import { BRANCH_COOKIE, type Flow, type SipResponse, type Transport } from '../../../sip/index.ts';
import { branchMark, slotOfBranch } from './branch-mark.ts';
import type { WorkerRelay } from './worker-relay.ts';

/**
 * Finds the worker that a response belongs to. The kernel shares datagrams out by the addresses of both ends, so what a
 * target answers often arrives at another worker than the one that asked.
 */
export class ResponseOwner {
  readonly #ownBeginning: string;
  readonly #relay: WorkerRelay;
  readonly #places: ReadonlyMap<Transport, number>;

  /** @param transports of the listeners, in the order of `gateway.sec1.sip` */
  constructor(slot: number, relay: WorkerRelay, transports: readonly Transport[]) {
    this.#ownBeginning = BRANCH_COOKIE + branchMark(slot);
    this.#relay = relay;
    this.#places = new Map(transports.map((transport, place) => [transport, place]));
  }

  /** True when the response was handed to another worker. */
  handOver(response: SipResponse, datagram: Buffer, flow: Flow): boolean {
    const branch = response.topVia?.branch;
    if (branch === undefined || branch.startsWith(this.#ownBeginning)) return false;
    const slot = slotOfBranch(branch);
    const place = this.#places.get(flow.transport);
    if (slot === undefined || place === undefined || !this.#relay.isOther(slot)) return false;
    this.#relay.handOver(slot, place, flow.peer, datagram);
    return true;
  }
}
