import type { SipRequest, SipResponse } from '../message/index.ts';
import type { Timer } from '../scheduler.ts';
import type { Flow } from '../transport/index.ts';
import { transactionTimeout } from './timers.ts';
import type { AnyServerTransaction, TransactionContext } from './transaction-context.ts';
import type { TransactionKey } from './transaction-key.ts';
import type { Keyed } from './transaction-table.ts';
import type { ServerTransaction } from './transaction-user.ts';

/**
 * Non-INVITE server transaction (RFC 3261 17.2.2) up to its final response. The Completed state, which most of them are in
 * most of the time, is the engine's: all that it needs is the response.
 */
export class NonInviteServerTransaction implements ServerTransaction, Keyed<AnyServerTransaction> {
  readonly request: SipRequest;
  readonly flow: Flow;
  readonly key: TransactionKey;
  nextInTable: AnyServerTransaction | undefined;
  readonly #context: TransactionContext;
  readonly #responseFlow: Flow;
  #provisional: SipResponse | undefined;
  #completed = false;
  readonly #since: number;
  #end: Timer;

  constructor(key: TransactionKey, request: SipRequest, flow: Flow, responseFlow: Flow, context: TransactionContext) {
    this.key = key;
    this.request = request;
    this.flow = flow;
    this.#responseFlow = responseFlow;
    this.#context = context;
    this.#since = context.scheduler.now();
    // A user that never answers must not keep the transaction for ever; its client has given up long before.
    this.#end = context.scheduler.schedule(2 * transactionTimeout(context.timers), terminate, this);
  }

  get completed(): boolean {
    return this.#completed;
  }

  respond(response: SipResponse): void {
    if (this.#completed) return;
    const text = response.toText();
    this.#context.send(response, text, this.#responseFlow);
    if (response.status < 200) {
      this.#provisional = response;
      return;
    }
    this.terminate();
    this.#context.serverResponded(this.request, response.status, this.flow, this.#since);
    // Timer J is zero over a reliable transport: no copy of the request will come.
    if (!this.flow.transport.reliable) this.#context.serverCompleted(this.key, text, this.#responseFlow);
  }

  receiveRetransmission(): void {
    const response = this.#provisional;
    if (response !== undefined) this.#context.send(response, response.toText(), this.#responseFlow);
  }

  terminate(): void {
    if (this.#completed) return;
    this.#completed = true;
    this.#end.cancel();
    this.#context.serverAnswered();
    this.#context.serverEnded(this);
  }
}

function terminate(transaction: NonInviteServerTransaction): void {
  transaction.terminate();
}
