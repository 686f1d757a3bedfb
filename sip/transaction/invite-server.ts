import type { SipRequest, SipResponse } from '../message/index.ts';
import type { Timer } from '../scheduler.ts';
import type { Flow } from '../transport/index.ts';
import { transactionTimeout } from './timers.ts';
import type { AnyServerTransaction, TransactionContext } from './transaction-context.ts';
import type { TransactionKey } from './transaction-key.ts';
import type { Keyed } from './transaction-table.ts';
import type { ServerTransaction } from './transaction-user.ts';

/** INVITE server transaction (RFC 3261 17.2.1 with the Accepted state of RFC 6026 7.1). */
export class InviteServerTransaction implements ServerTransaction, Keyed<AnyServerTransaction> {
  readonly request: SipRequest;
  readonly flow: Flow;
  readonly key: TransactionKey;
  nextInTable: AnyServerTransaction | undefined;
  readonly #context: TransactionContext;
  /** Where responses go, by the top Via (RFC 3261 18.2.2, RFC 3581 4). */
  readonly #responseFlow: Flow;
  #state: 'proceeding' | 'accepted' | 'completed' | 'confirmed' | 'terminated' = 'proceeding';
  #last: { readonly response: SipResponse; readonly text: string } | undefined;
  #retransmission: Timer | undefined;
  #end: Timer | undefined;
  #interval: number;
  readonly #since: number;

  constructor(key: TransactionKey, request: SipRequest, flow: Flow, responseFlow: Flow, context: TransactionContext) {
    this.key = key;
    this.request = request;
    this.flow = flow;
    this.#responseFlow = responseFlow;
    this.#context = context;
    this.#since = context.scheduler.now();
    this.#interval = context.timers.t1;
  }

  get completed(): boolean {
    return this.#state !== 'proceeding';
  }

  respond(response: SipResponse): void {
    const success = response.status >= 200 && response.status < 300;
    if (this.#state === 'accepted' && success) {
      this.#transmit(response);
      return;
    }
    if (this.#state !== 'proceeding') return;
    this.#transmit(response);
    if (response.status < 200) return;
    this.#context.serverAnswered();
    this.#context.serverResponded(this.request, response.status, this.flow, this.#since);
    if (success) {
      this.#state = 'accepted';
      this.#endAfter(transactionTimeout(this.#context.timers)); // Timer L
    } else {
      this.#state = 'completed';
      this.#endAfter(transactionTimeout(this.#context.timers)); // Timer H
      if (!this.#responseFlow.transport.reliable) this.#retransmitLater(); // Timer G
    }
  }

  /** The INVITE came again. In Accepted the user sends 2xx again by itself, so it is only absorbed (RFC 6026 7.1). */
  receiveRetransmission(): void {
    if (this.#last !== undefined && (this.#state === 'proceeding' || this.#state === 'completed')) {
      this.#context.send(this.#last.response, this.#last.text, this.#responseFlow);
    }
  }

  /** An ACK to our final response that is not a 2xx. */
  receiveAck(): void {
    if (this.#state !== 'completed') return;
    this.#state = 'confirmed';
    this.#retransmission?.cancel();
    this.#end?.cancel();
    // Timer I waits for more copies of the ACK, which a reliable transport does not bring.
    if (this.flow.transport.reliable) this.terminate();
    else this.#endAfter(this.#context.timers.t4);
  }

  /** True when an ACK belongs to the user: it acknowledges a 2xx. */
  get accepted(): boolean {
    return this.#state === 'accepted';
  }

  terminate(): void {
    if (this.#state === 'terminated') return;
    if (this.#state === 'proceeding') this.#context.serverAnswered();
    this.#state = 'terminated';
    this.#retransmission?.cancel();
    this.#end?.cancel();
    this.#context.serverEnded(this);
  }

  #transmit(response: SipResponse): void {
    const text = response.toText();
    this.#last = { response, text };
    this.#context.send(response, text, this.#responseFlow);
  }

  #retransmitLater(): void {
    this.#retransmission = this.#context.scheduler.schedule(this.#interval, () => {
      if (this.#last !== undefined) this.#context.send(this.#last.response, this.#last.text, this.#responseFlow);
      this.#interval = Math.min(this.#interval * 2, this.#context.timers.t2);
      this.#retransmitLater();
    });
  }

  #endAfter(delay: number): void {
    this.#end = this.#context.scheduler.schedule(delay, () => {
      this.terminate();
    });
  }
}
