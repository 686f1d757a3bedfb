import type { SipRequest, SipResponse } from '../message/index.ts';
import type { Timer } from '../scheduler.ts';
import type { Flow } from '../transport/index.ts';
import { transactionTimeout } from './timers.ts';
import type { TransactionContext } from './transaction-context.ts';
import type { ClientTransaction, ClientTransactionHandler } from './transaction-user.ts';

/** Non-INVITE client transaction (RFC 3261 17.1.2) up to its final response; the Completed state is the engine's. */
export class NonInviteClientTransaction implements ClientTransaction {
  readonly request: SipRequest;
  readonly flow: Flow;
  readonly #key: string;
  readonly #context: TransactionContext;
  readonly #handler: ClientTransactionHandler;
  readonly #bytes: Buffer;
  #state: 'trying' | 'proceeding' | 'terminated' = 'trying';
  #interval: number;
  #retransmission: Timer | undefined;
  #end: Timer;

  constructor(
    key: string,
    request: SipRequest,
    bytes: Buffer,
    flow: Flow,
    handler: ClientTransactionHandler,
    context: TransactionContext,
  ) {
    const { scheduler, timers } = context;
    this.#key = key;
    this.request = request;
    this.flow = flow;
    this.#handler = handler;
    this.#context = context;
    this.#bytes = bytes;
    this.#interval = timers.t1;
    this.#end = scheduler.schedule(transactionTimeout(timers), timerF, this);
    if (!flow.transport.reliable) this.#retransmission = scheduler.schedule(this.#interval, timerE, this);
    if (!context.send(request, bytes, flow)) scheduler.schedule(0, fail, this);
  }

  /** Only an INVITE can be cancelled (RFC 3261 9.1). */
  cancel(): void {
    // Nothing to do: a non-INVITE request is answered at once.
  }

  receive(response: SipResponse): void {
    if (this.#state === 'terminated') return;
    if (response.status < 200) this.#state = 'proceeding';
    else {
      this.terminate();
      // Timer K is zero over a reliable transport: no copy of the response will come.
      if (!this.flow.transport.reliable) this.#context.clientCompleted(this.#key);
    }
    this.#handler.onResponse(response, this);
  }

  terminate(): void {
    if (this.#state === 'terminated') return;
    this.#state = 'terminated';
    this.#retransmission?.cancel();
    this.#end.cancel();
    this.#context.clientEnded(this.#key);
  }

  timeout(): void {
    this.terminate();
    this.flow.transport.suspect?.(this.flow.peer);
    this.#handler.onTimeout(this);
  }

  /** Nothing that was sent needs to have arrived, and no answer will come. */
  transportError(): void {
    if (this.#state === 'terminated') return;
    this.terminate();
    if (this.#handler.onTransportError === undefined) this.#handler.onTimeout(this);
    else this.#handler.onTransportError(this);
  }

  retransmit(): void {
    this.#context.send(this.request, this.#bytes, this.flow);
    const { t2 } = this.#context.timers;
    this.#interval = this.#state === 'proceeding' ? t2 : Math.min(this.#interval * 2, t2);
    this.#retransmission = this.#context.scheduler.schedule(this.#interval, timerE, this);
  }
}

function timerE(transaction: NonInviteClientTransaction): void {
  transaction.retransmit();
}

function timerF(transaction: NonInviteClientTransaction): void {
  transaction.timeout();
}

function fail(transaction: NonInviteClientTransaction): void {
  transaction.transportError();
}
