import type { SipRequest, SipResponse } from '../message/index.ts';
import type { Timer } from '../scheduler.ts';
import type { Flow } from '../transport/index.ts';
import { transactionTimeout } from './timers.ts';
import type { TransactionContext } from './transaction-context.ts';
import type { ClientTransaction, ClientTransactionHandler } from './transaction-user.ts';

/** Non-INVITE client transaction (RFC 3261 17.1.2). */
export class NonInviteClientTransaction implements ClientTransaction {
  readonly request: SipRequest;
  readonly flow: Flow;
  readonly #key: string;
  readonly #context: TransactionContext;
  readonly #handler: ClientTransactionHandler;
  readonly #bytes: Buffer;
  #state: 'trying' | 'proceeding' | 'completed' | 'terminated' = 'trying';
  #interval: number;
  #retransmission: Timer | undefined;
  #end: Timer;

  constructor(options: {
    key: string;
    request: SipRequest;
    flow: Flow;
    handler: ClientTransactionHandler;
    context: TransactionContext;
  }) {
    this.#key = options.key;
    this.request = options.request;
    this.flow = options.flow;
    this.#handler = options.handler;
    this.#context = options.context;
    this.#bytes = options.request.toBuffer();
    this.#interval = options.context.timers.t1;
    this.#end = this.#context.scheduler.schedule(transactionTimeout(this.#context.timers), () => {
      this.terminate();
      this.#handler.onTimeout(this); // Timer F
    });
    this.#retransmitLater(); // Timer E
    this.#context.send(this.request, this.#bytes, this.flow);
  }

  /** Only an INVITE can be cancelled (RFC 3261 9.1). */
  cancel(): void {
    // Nothing to do: a non-INVITE request is answered at once.
  }

  receive(response: SipResponse): void {
    if (this.#state !== 'trying' && this.#state !== 'proceeding') return;
    if (response.status < 200) {
      this.#state = 'proceeding';
    } else {
      this.#state = 'completed';
      this.#retransmission?.cancel();
      this.#end.cancel();
      this.#end = this.#context.scheduler.schedule(this.#context.timers.t4, () => {
        this.terminate(); // Timer K
      });
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

  #retransmitLater(): void {
    this.#retransmission = this.#context.scheduler.schedule(this.#interval, () => {
      this.#context.send(this.request, this.#bytes, this.flow);
      const { t2 } = this.#context.timers;
      this.#interval = this.#state === 'proceeding' ? t2 : Math.min(this.#interval * 2, t2);
      this.#retransmitLater();
    });
  }
}
