import type { ParseFailure, SipRequest, SipResponse } from '../message/index.ts';
import type { Flow } from '../transport/index.ts';

/** A request that came in, until its final response has been acknowledged or absorbed (RFC 3261 17.2). */
export interface ServerTransaction {
  readonly request: SipRequest;
  readonly flow: Flow;
  /** True once a final response was given. */
  readonly completed: boolean;
  /**
   * Sends a response. A provisional after a final one, and a second final one, are dropped; the exception is a 2xx to
   * INVITE, which a proxy forwards each time that it comes (RFC 6026 7.1).
   */
  respond(response: SipResponse): void;
}

/** A request that we sent, until its final response came or it timed out (RFC 3261 17.1). */
export interface ClientTransaction {
  readonly request: SipRequest;
  readonly flow: Flow;
  /** Sends CANCEL, at once or as soon as a provisional response came (RFC 3261 9.1). For INVITE only. */
  cancel(): void;
}

/** Hears what becomes of a client transaction. Exactly one of final response, `onTimeout`, `onTransportError` ends it. */
export interface ClientTransactionHandler {
  /** Every provisional response, every first final response, and for INVITE every further 2xx. */
  onResponse(response: SipResponse, transaction: ClientTransaction): void;
  /** Timer B or F fired (RFC 3261 17.1.1.2, 17.1.2.2). */
  onTimeout(transaction: ClientTransaction): void;
  /**
   * The request could not be sent, or the connection that its response would come by is gone; to be treated as a 503 (RFC
   * 3261 8.1.3.1, 16.9). Where absent `onTimeout` is called.
   */
  onTransportError?(transaction: ClientTransaction): void;
}

/** Why the engine refused a request by itself. */
export type EngineRefusal = ParseFailure | 'server-transactions-full';

/** The layer above the transactions (RFC 3261 17): a proxy core or a user agent core. */
export interface TransactionUser {
  /**
   * A first look at a new request, never ACK, before anything is kept of it. A response answers it without state: its copies
   * are looked at again, and its ACK is absorbed (RFC 3261 8.2.7). Anything else is handed to `onRequest` with it.
   */
  screen?(request: SipRequest, flow: Flow): unknown;
  /** Last look at a response by which the engine itself refuses a request; it may be edited. */
  onRefusal?(request: SipRequest, response: SipResponse, reason: EngineRefusal, flow: Flow): void;
  /**
   * A new request, never ACK; CANCEL only when it matches no INVITE transaction.
   *
   * @param screened what `screen` returned
   */
  onRequest(transaction: ServerTransaction, screened: unknown): void;
  /** A CANCEL matched `invite`; the engine has answered it with 200 already. */
  onCancel(invite: ServerTransaction, cancel: SipRequest): void;
  /** An ACK that belongs to no INVITE transaction: the ACK of a 2xx, end to end. */
  onAck(request: SipRequest, flow: Flow): void;
  /** A 2xx to an INVITE whose client transaction is gone, or another response that matches nothing. */
  onStrayResponse(response: SipResponse, flow: Flow): void;
}
