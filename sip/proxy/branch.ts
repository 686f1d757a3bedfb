import type { SipResponse } from '../message/index.ts';
import type { Scheduler, Timer } from '../scheduler.ts';
import type { ClientTransaction, ClientTransactionHandler } from '../transaction/index.ts';
import type { ProxyTarget } from './proxy-handler.ts';

/** Hears what becomes of a branch. */
export interface BranchOwner {
  onBranchResponse(response: SipResponse, branch: Branch): void;
  /** The target kept silent for too long. */
  onBranchTimeout(branch: Branch): void;
  /** The other flow that the target chose for the request failed; it goes by the target's own flow. */
  onBranchRerouted(branch: Branch): void;
  /** The request could not be sent, or no answer can come back. */
  onBranchTransportError(branch: Branch): void;
}

/** One forwarded copy of a request: a client transaction and the target that it is for (RFC 3261 16.6). */
export class Branch implements ClientTransactionHandler {
  readonly target: ProxyTarget;
  readonly #owner: BranchOwner;
  #transaction: ClientTransaction | undefined;
  #silence: Timer | undefined;
  #settled = false;
  #abandoned = false;
  #ended = false;

  constructor(target: ProxyTarget, owner: BranchOwner) {
    this.target = target;
    this.#owner = owner;
  }

  /** Takes the transaction that was begun for it, and starts to wait for a first word of the target. */
  begin(transaction: ClientTransaction, scheduler: Scheduler): void {
    this.#transaction = transaction;
    const { responseTimeout } = this.target;
    if (responseTimeout !== undefined && !this.#settled) {
      this.#silence = scheduler.schedule(responseTimeout, abandon, this);
    }
  }

  cancel(): void {
    this.#transaction?.cancel();
  }

  onResponse(response: SipResponse): void {
    this.#settle(response.status === 503 ? 'unavailable' : 'answered', response);
    if (response.status >= 200) this.#end();
    // Of a branch that was given up only a 2xx still counts: somebody did answer.
    if (!this.#abandoned || (response.status >= 200 && response.status < 300)) {
      this.#owner.onBranchResponse(response, this);
    }
  }

  onTimeout(): void {
    this.#settle('timeout');
    this.#end();
    if (!this.#abandoned) this.#owner.onBranchTimeout(this);
  }

  onTransportError({ flow }: ClientTransaction): void {
    const rerouted = flow !== this.target.flow && !this.#settled && !this.#abandoned;
    if (rerouted) {
      this.#silence?.cancel();
      this.target.onFlowRefused?.(flow);
      this.#owner.onBranchRerouted(this);
      return;
    }
    this.#settle('unavailable');
    this.#end();
    if (!this.#abandoned) this.#owner.onBranchTransportError(this);
  }

  /** The target said nothing for longer than its `responseTimeout`. */
  abandon(): void {
    this.#settle('timeout');
    this.#abandoned = true;
    this.cancel();
    this.#owner.onBranchTimeout(this);
  }

  #settle(outcome: 'answered' | 'timeout' | 'unavailable', response?: SipResponse): void {
    this.#silence?.cancel();
    if (this.#settled) return;
    this.#settled = true;
    this.target.onOutcome?.(outcome, response);
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.target.onEnd?.();
  }
}

function abandon(branch: Branch): void {
  branch.abandon();
}
