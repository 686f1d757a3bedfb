import type { SipRequest, SipResponse } from '../message/index.ts';
import type { Timer } from '../scheduler.ts';
import type { Flow } from '../transport/index.ts';
import { transactionTimeout } from './timers.ts';
import type { TransactionContext } from './transaction-context.ts';
import type { ServerTransaction } from './transaction-user.ts';

/** Non-INVITE server transaction (RFC 3261 17.2.2). */
export class NonInviteServerTransaction implements ServerTransaction {
  readonly request: SipRequest;
  readonly flow: Flow;
  readonly #key: string;
  readonly #context: TransactionContext;
  readonly #responseFlow: Flow;
  #state: 'trying' | 'proceeding' | 'completed' | 'terminated' = 'trying';
  #last: { readonly response: SipResponse; readonly bytes: Buffer } | undefined;
  #end: Timer;

  constructor(key: string, request: SipRequest, flow: Flow, responseFlow: Flow, context: TransactionContext) {
    this.#key = key;
    this.request = request;
    this.flow = flow;
    this.#responseFlow = responseFlow;
    this.#context = context;
    // A user that never answers must not keep the transaction for ever; its client has given up long before.
    this.#end = context.scheduler.schedule(2 * transactionTimeout(context.timers), () => {
      this.terminate();
    });
  }

  get completed(): boolean {
    return this.#state === 'completed' || this.#state === 'terminated';
  }

  respond(response: SipResponse): void {
    if (this.completed) return;
    const bytes = response.toBuffer();
    this.#last = { response, bytes };
    this.#context.send(response, bytes, this.#responseFlow);
    if (response.status < 200) {
      this.#state = 'proceeding';
      return;
    }
    this.#state = 'completed';
    this.#context.serverAnswered();
    this.#end.cancel();
    this.#end = this.#context.scheduler.schedule(transactionTimeout(this.#context.timers), () => {
      this.terminate(); // Timer J
    });
  }

  receiveRetransmission(): void {
    if (this.#last !== undefined) this.#context.send(this.#last.response, this.#last.bytes, this.#responseFlow);
  }

  terminate(): void {
    if (this.#state === 'terminated') return;
    if (!this.completed) this.#context.serverAnswered();
    this.#state = 'terminated';
    this.#end.cancel();
    this.#context.serverEnded(this.#key);
  }
}
