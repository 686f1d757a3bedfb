import type { SipRequest, SipResponse } from '../message/index.ts';
import type { Timer } from '../scheduler.ts';
import type { Flow } from '../transport/index.ts';
import { hopRequest } from './hop-request.ts';
import { timerD, transactionTimeout } from './timers.ts';
import type { AnyClientTransaction, TransactionContext } from './transaction-context.ts';
import type { TransactionKey } from './transaction-key.ts';
import type { Keyed } from './transaction-table.ts';
import type { ClientTransaction, ClientTransactionHandler } from './transaction-user.ts';

/** INVITE client transaction (RFC 3261 17.1.1 with the Accepted state of RFC 6026 7.2). */
export class InviteClientTransaction implements ClientTransaction, Keyed<AnyClientTransaction> {
  readonly request: SipRequest;
  readonly flow: Flow;
  readonly key: TransactionKey;
  nextInTable: AnyClientTransaction | undefined;
  readonly #context: TransactionContext;
  readonly #handler: ClientTransactionHandler;
  readonly #sendCancel: (cancel: SipRequest, flow: Flow) => void;
  readonly #text: string;
  #state: 'calling' | 'proceeding' | 'accepted' | 'completed' | 'terminated' = 'calling';
  #interval: number;
  #retransmission: Timer | undefined;
  #end: Timer;
  #ack: { readonly request: SipRequest; readonly text: string } | undefined;
  #cancelWanted = false;

  constructor(options: {
    key: TransactionKey;
    request: SipRequest;
    flow: Flow;
    handler: ClientTransactionHandler;
    context: TransactionContext;
    /** The serialised request. */
    text: string;
    /** Sends a CANCEL as a transaction of its own. */
    sendCancel: (cancel: SipRequest, flow: Flow) => void;
  }) {
    this.key = options.key;
    this.request = options.request;
    this.flow = options.flow;
    this.#handler = options.handler;
    this.#context = options.context;
    this.#sendCancel = options.sendCancel;
    this.#text = options.text;
    this.#interval = options.context.timers.t1;
    this.#end = this.#context.scheduler.schedule(transactionTimeout(this.#context.timers), this.#timeout); // Timer B
    if (!this.flow.transport.reliable) this.#retransmitLater(); // Timer A
    if (!this.#context.send(this.request, this.#text, this.flow)) {
      this.#context.scheduler.schedule(0, fail, this);
    }
  }

  cancel(): void {
    if (this.#cancelWanted) return;
    this.#cancelWanted = true;
    if (this.#state === 'proceeding') this.#cancelNow();
  }

  receive(response: SipResponse): void {
    const success = response.status >= 200 && response.status < 300;
    switch (this.#state) {
      case 'calling':
      case 'proceeding':
        if (response.status < 200) this.#provisional(response);
        else if (success) this.#accept(response);
        else this.#complete(response);
        return;
      case 'accepted':
        if (success) this.#handler.onResponse(response, this);
        return;
      case 'completed':
        if (response.status >= 300 && this.#ack !== undefined) {
          this.#context.send(this.#ack.request, this.#ack.text, this.flow);
        }
        return;
      case 'terminated':
    }
  }

  /** Nothing that was sent needs to have arrived, and no answer will come. */
  transportError(): void {
    if (this.#state !== 'calling' && this.#state !== 'proceeding') return;
    this.terminate();
    if (this.#handler.onTransportError === undefined) this.#handler.onTimeout(this);
    else this.#handler.onTransportError(this);
  }

  terminate(): void {
    if (this.#state === 'terminated') return;
    this.#state = 'terminated';
    this.#retransmission?.cancel();
    this.#end.cancel();
    this.#context.clientEnded(this);
  }

  #provisional(response: SipResponse): void {
    if (this.#state === 'calling') {
      this.#state = 'proceeding';
      this.#retransmission?.cancel();
      // From here on the user's timer C decides (RFC 3261 16.6 step 11); a user agent may wait for ever.
      this.#end.cancel();
      if (this.#cancelWanted) this.#cancelNow();
    }
    this.#handler.onResponse(response, this);
  }

  #accept(response: SipResponse): void {
    this.#state = 'accepted';
    this.#retransmission?.cancel();
    this.#endAfter(transactionTimeout(this.#context.timers)); // Timer M
    this.#handler.onResponse(response, this);
  }

  #complete(response: SipResponse): void {
    this.#state = 'completed';
    this.#retransmission?.cancel();
    const request = hopRequest('ACK', this.request);
    request.set('To', response.header('To') ?? '');
    this.#ack = { request, text: request.toText() };
    this.#context.send(request, this.#ack.text, this.flow);
    // A reliable transport brings no second copy to absorb: timer D is zero.
    if (this.flow.transport.reliable) this.terminate();
    else this.#endAfter(timerD(this.#context.timers));
    this.#handler.onResponse(response, this);
  }

  #cancelNow(): void {
    this.#sendCancel(hopRequest('CANCEL', this.request), this.flow);
    // A peer that answers CANCEL but never the INVITE must not keep us waiting (RFC 3261 9.1).
    this.#end.cancel();
    this.#end = this.#context.scheduler.schedule(transactionTimeout(this.#context.timers), this.#timeout);
  }

  readonly #timeout = (): void => {
    this.terminate();
    this.flow.transport.suspect?.(this.flow.peer);
    this.#handler.onTimeout(this);
  };

  #retransmitLater(): void {
    this.#retransmission = this.#context.scheduler.schedule(this.#interval, () => {
      this.#context.send(this.request, this.#text, this.flow);
      this.#interval *= 2;
      this.#retransmitLater();
    });
  }

  #endAfter(delay: number): void {
    this.#end.cancel();
    this.#end = this.#context.scheduler.schedule(delay, () => {
      this.terminate();
    });
  }
}

function fail(transaction: InviteClientTransaction): void {
  transaction.transportError();
}
