import type { NameAddress, SipRequest, SipResponse, Uri } from '../message/index.ts';
import type { ServerTransaction } from '../transaction/index.ts';
import type { Flow } from '../transport/index.ts';
import type { ProxyRefusal } from './proxy-refusal.ts';

/** One place to forward a request to. */
export interface ProxyTarget {
  readonly flow: Flow;
  /** Replaces the Request-URI. */
  readonly requestUri?: string;
  /** Record-Route values to put on top, topmost first. */
  readonly recordRoute?: readonly string[];
  /** Path values to put on top of a REGISTER, topmost first (RFC 3327 5.2). */
  readonly path?: readonly string[];
  /** Milliseconds without any response after which the next target is tried; by default timers B and F decide. */
  readonly responseTimeout?: number;
  /**
   * Another flow for a request of that many octets (RFC 3261 18.1.1); undefined for `flow`. When it fails before an answer
   * came, the request goes by `flow` after all.
   */
  flowFor?(octets: number): Flow | undefined;
  /** The flow that `flowFor` gave could not be used; `flow` is tried. */
  onFlowRefused?(refused: Flow): void;
  /**
   * True when this target must not see the Via values of the request: it gets ours alone, and those of the request are put back
   * into its responses.
   */
  readonly hidesVia?: boolean;
  /** Last change to the copy that goes to this target. */
  edit?(request: SipRequest): void;
  /** Asked just before the request goes out: false passes this target over. True is followed by `onEnd`, sooner or later. */
  admit?(): boolean;
  /**
   * What became of the target: it answered (whatever it said), kept silent, or said 503 or could not be sent to.
   *
   * @param response the first that came, where one did
   */
  onOutcome?(outcome: 'answered' | 'timeout' | 'unavailable', response?: SipResponse): void;
  /** Nothing is under way to this target any more: its final response came, or none will. */
  onEnd?(): void;
}

/** A request that the proxy core has checked and that waits for the handler's decision. */
export interface ProxyContext {
  /** As received, but for Route entries of ours, which are taken off (RFC 3261 16.4). */
  readonly request: SipRequest;
  readonly flow: Flow;
  readonly transaction: ServerTransaction;
  /** True when To has a tag. */
  readonly inDialog: boolean;
  /** The Route entries of ours that were on top, topmost first. */
  readonly poppedRoutes: readonly NameAddress[];
  /** Where the request wants to go: the top Route that is left, else the Request-URI. */
  readonly nextHop: Uri;
  /** What the handler's `screen` returned for the request; the handler may put something else here. */
  screened: unknown;
  /** The flow by which the response came that is going upstream. */
  readonly answeredBy: Flow | undefined;
  /** Sends 100 to an INVITE, once: for a handler that has to wait before it forwards (RFC 3261 17.2.1). */
  trying(): void;
  /** Answers with a response of our own. */
  reply(status: number, reason?: string, edit?: (response: SipResponse) => void): void;
  /** Answers with a response that was made by `request.createResponse`. */
  respond(response: SipResponse): void;
  /**
   * Forwards to the first target that serves, in order: the next one is tried after silence or 503, but none twice that said
   * 503, by whatever protocol.
   */
  forward(targets: readonly ProxyTarget[]): void;
}

/** An ACK to a 2xx; it has no transaction and cannot be answered. */
export interface AckContext {
  readonly request: SipRequest;
  readonly flow: Flow;
  readonly poppedRoutes: readonly NameAddress[];
  readonly nextHop: Uri;
  forward(flow: Flow): void;
}

/** Decides what the proxy core does; the core does the rest of RFC 3261 16. */
export interface ProxyHandler {
  /**
   * A first look at a request that the core has checked, before anything is kept of it (see `TransactionUser.screen`): a
   * response answers it without state, anything else comes back as `ProxyContext.screened`.
   */
  screen?(request: SipRequest, flow: Flow): unknown;
  onRequest(context: ProxyContext): void;
  onAck(context: AckContext): void;
  /**
   * No target served, or was left to be tried; the handler must reply.
   *
   * @param status what the core would say: 500 after a 503, else that of a timeout
   */
  onExhausted?(context: ProxyContext, status: number, reason: ProxyRefusal): void;
  /** Last look at a response by which core or engine refuse a request for a reason of their own; it may be edited. */
  onRefusal?(request: SipRequest, response: SipResponse, reason: ProxyRefusal, flow: Flow): void;
  /** Last look at a response from a target before it goes upstream; it may be edited. */
  onResponse?(response: SipResponse, context: ProxyContext): void;
}
