import type { SipRequest, SipResponse } from '../message/index.ts';
import type { Timer } from '../scheduler.ts';
import type { Flow } from '../transport/index.ts';
import { transactionTimeout } from './timers.ts';
import type { AnyClientTransaction, TransactionContext } from './transaction-context.ts';
import type { TransactionKey } from './transaction-key.ts';
import type { Keyed } from './transaction-table.ts';
import type { ClientTransaction, ClientTransactionHandler } from './transaction-user.ts';

/**
 * Non-INVITE client transaction (RFC 3261 17.1.2). It ends with its final response: copies of that, which the state Completed
 * is there to absorb, then match nothing, and go no further than the user's `onStrayResponse`.
 */
export class NonInviteClientTransaction implements ClientTransaction, Keyed<AnyClientTransaction> {
  readonly request: SipRequest;
  readonly flow: Flow;
  readonly key: TransactionKey;
  nextInTable: AnyClientTransaction | undefined;
  readonly #context: TransactionContext;
  readonly #handler: ClientTransactionHandler;
  readonly #text: string;
  #state: 'trying' | 'proceeding' | 'terminated' = 'trying';
  #interval: number;
  /** Timers E and F in one: the next copy, or the end where that comes first. */
  #timer: Timer;
  readonly #endsAt: number;

  constructor(
    key: TransactionKey,
    request: SipRequest,
    text: string,
    flow: Flow,
    handler: ClientTransactionHandler,
    context: TransactionContext,
  ) {
    const { scheduler, timers } = context;
    this.key = key;
    this.request = request;
    this.flow = flow;
    this.#handler = handler;
    this.#context = context;
    this.#text = text;
    this.#interval = timers.t1;
    this.#endsAt = scheduler.now() + transactionTimeout(timers);
    const first = flow.transport.reliable ? transactionTimeout(timers) : this.#interval;
    this.#timer = scheduler.schedule(first, onTimer, this);
    if (!context.send(request, text, flow)) scheduler.schedule(0, fail, this);
  }

  /** Only an INVITE can be cancelled (RFC 3261 9.1). */
  cancel(): void {
    // Nothing to do: a non-INVITE request is answered at once.
  }

  receive(response: SipResponse): void {
    if (this.#state === 'terminated') return;
    if (response.status < 200) this.#state = 'proceeding';
    else this.terminate();
    this.#handler.onResponse(response, this);
  }

  terminate(): void {
    if (this.#state === 'terminated') return;
    this.#state = 'terminated';
    this.#timer.cancel();
    this.#context.clientEnded(this);
  }

  /** Nothing that was sent needs to have arrived, and no answer will come. */
  transportError(): void {
    if (this.#state === 'terminated') return;
    this.terminate();
    if (this.#handler.onTransportError === undefined) this.#handler.onTimeout(this);
    else this.#handler.onTransportError(this);
  }

  onTimer(): void {
    const { scheduler, timers } = this.#context;
    const left = this.#endsAt - scheduler.now();
    if (left <= 0) {
      this.terminate();
      this.flow.transport.suspect?.(this.flow.peer);
      this.#handler.onTimeout(this);
      return;
    }
    this.#context.send(this.request, this.#text, this.flow);
    this.#interval = this.#state === 'proceeding' ? timers.t2 : Math.min(this.#interval * 2, timers.t2);
    this.#timer = scheduler.schedule(Math.min(this.#interval, left), onTimer, this);
  }
}

function onTimer(transaction: NonInviteClientTransaction): void {
  transaction.onTimer();
}

function fail(transaction: NonInviteClientTransaction): void {
  transaction.transportError();
}
