import type { SipMessage, SipRequest } from '../message/index.ts';
import type { Scheduler } from '../scheduler.ts';
import type { Flow } from '../transport/index.ts';
import type { InviteClientTransaction } from './invite-client.ts';
import type { InviteServerTransaction } from './invite-server.ts';
import type { NonInviteClientTransaction } from './non-invite-client.ts';
import type { NonInviteServerTransaction } from './non-invite-server.ts';
import type { TransactionTimers } from './timers.ts';
import type { TransactionKey } from './transaction-key.ts';

export type AnyServerTransaction = InviteServerTransaction | NonInviteServerTransaction;

export type AnyClientTransaction = InviteClientTransaction | NonInviteClientTransaction;

/** What a state machine needs of the engine around it. */
export interface TransactionContext {
  readonly scheduler: Scheduler;
  readonly timers: TransactionTimers;
  /**
   * Sends `text`, the serialised `message`, which is given for whoever watches.
   *
   * @returns false when the transport did not take it
   */
  send(message: SipMessage, text: string, flow: Flow): boolean;
  /** Forgets the transaction. */
  serverEnded(transaction: AnyServerTransaction): void;
  clientEnded(transaction: AnyClientTransaction): void;
  /** The first final response of a server transaction was given. */
  serverAnswered(): void;
  /**
   * Says which final response it was, for whoever measures.
   *
   * @param since when the request came in, on the scheduler's clock
   */
  serverResponded(request: SipRequest, status: number, flow: Flow, since: number): void;
  /** A non-INVITE server transaction is Completed: copies of its request get `answer`, as it went out, until timer J. */
  serverCompleted(key: TransactionKey, answer: string, flow: Flow): void;
}
