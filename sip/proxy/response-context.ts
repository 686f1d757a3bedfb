import type { NameAddress, SipMessage, SipRequest, SipResponse, Uri } from '../message/index.ts';
import { tagOf } from '../message/index.ts';
import type { Scheduler, Timer } from '../scheduler.ts';
import type { FlowSizing, ServerTransaction, TransactionEngine } from '../transaction/index.ts';
import type { Flow, Peer } from '../transport/index.ts';
import { SipError } from '../errors.ts';
import { Branch, type BranchOwner } from './branch.ts';
import { ensureMaxBreadth } from './max-breadth.ts';
import { adaptToStrictRouter } from './route-processing.ts';
import type { ProxyContext, ProxyHandler, ProxyTarget } from './proxy-handler.ts';
import type { ProxyRefusal } from './proxy-refusal.ts';

/** What a response context needs of the proxy core. */
export interface ResponseContextEnvironment {
  readonly engine: TransactionEngine;
  readonly scheduler: Scheduler;
  readonly handler: ProxyHandler;
  /** Milliseconds that an INVITE may go without a final response (RFC 3261 16.6 step 11). */
  readonly timerC: number;
  readonly maxForwards: number;
}

/**
 * The response context of RFC 3261 16: one request from upstream, the targets that it is tried at one after the other,
 * and the one final response that goes back.
 */
export class ResponseContext implements ProxyContext, BranchOwner {
  readonly request: SipRequest;
  readonly flow: Flow;
  readonly transaction: ServerTransaction;
  readonly inDialog: boolean;
  readonly poppedRoutes: readonly NameAddress[];
  readonly nextHop: Uri;
  screened: unknown;
  answeredBy: Flow | undefined;
  readonly #environment: ResponseContextEnvironment;
  readonly #branchSuffix: string;
  #remaining: readonly ProxyTarget[] = NO_TARGETS;
  /** Of `#remaining`, the one to try next. */
  #next = 0;
  readonly #branches: Branch[] = [];
  /** Who said 503: whoever is asked again adds to the load that made it say so. */
  #unavailable: Peer[] | undefined;
  #trying = false;
  #cancelled = false;
  #timerC: Timer | undefined;

  constructor(
    transaction: ServerTransaction,
    route: { poppedRoutes: readonly NameAddress[]; nextHop: Uri },
    branchSuffix: string,
    screened: unknown,
    environment: ResponseContextEnvironment,
  ) {
    this.transaction = transaction;
    this.request = transaction.request;
    this.flow = transaction.flow;
    this.inDialog = tagOf(transaction.request.to) !== undefined;
    this.poppedRoutes = route.poppedRoutes;
    this.nextHop = route.nextHop;
    this.screened = screened;
    this.#branchSuffix = branchSuffix;
    this.#environment = environment;
  }

  trying(): void {
    if (this.#trying || !this.#isInvite || this.transaction.completed) return;
    this.#trying = true;
    this.transaction.respond(this.request.createResponse(100));
  }

  reply(status: number, reason?: string, edit?: (response: SipResponse) => void): void {
    const response = this.request.createResponse(status, reason);
    edit?.(response);
    this.respond(response);
  }

  respond(response: SipResponse): void {
    if (response.status >= 200) this.#timerC?.cancel();
    this.transaction.respond(response);
  }

  forward(targets: readonly ProxyTarget[]): void {
    if (this.transaction.completed) return;
    this.trying();
    this.#remaining = targets;
    this.#next = 0;
    if (!this.#tryNext()) this.#exhausted(500, 'target-unavailable');
  }

  /** The agent gave up (RFC 3261 16.10): no further target, and whatever rings is told. */
  cancel(): void {
    if (this.transaction.completed) return;
    this.#cancelled = true;
    this.#remaining = NO_TARGETS;
    if (this.#branches.length === 0) this.reply(487);
    for (const branch of this.#branches) branch.cancel();
  }

  get #isInvite(): boolean {
    return this.request.method === 'INVITE';
  }

  /** A non-INVITE must not be answered 408: it comes when the client has given up, and spoils its books (RFC 4320 4.1). */
  get #timeoutStatus(): number {
    return this.#isInvite ? 408 : 504;
  }

  onBranchResponse(response: SipResponse, branch: Branch): void {
    this.#receive(response, branch.target);
  }

  onBranchTimeout(): void {
    this.#failed(this.#timeoutStatus, 'target-timeout');
  }

  /** As if the target had said 503 (RFC 3261 16.9). */
  onBranchTransportError(): void {
    this.#failed(500, 'target-unavailable');
  }

  onBranchRerouted({ target }: Branch): void {
    if (!this.#cancelled && !this.transaction.completed) {
      this.#begin(target, undefined);
      return;
    }
    target.onEnd?.();
    this.#failed(500, 'target-unavailable');
  }

  /** Starts the next branch; false when there is none. */
  #tryNext(): boolean {
    const target = this.#nextTarget();
    if (target === undefined) return false;
    this.#begin(target, target.flowFor === undefined ? undefined : (target as FlowSizing));
    return true;
  }

  #begin(target: ProxyTarget, sizing: FlowSizing | undefined): void {
    // Timer C is the branch's own (RFC 3261 16.6 step 11).
    this.#restartTimerC();
    const { engine, scheduler } = this.#environment;
    const branch = new Branch(target, this);
    try {
      const options = { branchSuffix: this.#branchSuffix, sizing };
      const transaction = engine.request(this.#copyFor(target), target.flow, branch, options);
      this.#branches.push(branch);
      branch.begin(transaction, scheduler);
    } catch (error) {
      target.onEnd?.();
      if (!(error instanceof SipError)) throw error;
      // The table of client transactions is full: no other target would do better.
      this.#refuse(503, 'client-transactions-full', '5');
    }
  }

  /** The next one that has not said 503 already and takes the request. */
  #nextTarget(): ProxyTarget | undefined {
    for (;;) {
      const target = this.#remaining[this.#next++];
      if (target === undefined) return undefined;
      if (this.#unavailable !== undefined && isAmong(target.flow.peer, this.#unavailable)) continue;
      if (target.admit?.() !== false) return target;
    }
  }

  /** Steps 1 to 6 of RFC 3261 16.6. */
  #copyFor(target: ProxyTarget): SipRequest {
    const copy = this.request.clone();
    if (target.requestUri !== undefined) copy.uri = target.requestUri;
    const { maxForwards } = copy;
    copy.set('Max-Forwards', String(maxForwards === undefined ? this.#environment.maxForwards : maxForwards - 1));
    ensureMaxBreadth(copy);
    if (target.hidesVia === true) copy.remove('Via');
    target.edit?.(copy);
    if (target.recordRoute !== undefined) prependAll(copy, 'Record-Route', target.recordRoute);
    if (target.path !== undefined) prependAll(copy, 'Path', target.path);
    adaptToStrictRouter(copy);
    return copy;
  }

  /** RFC 3261 16.7. */
  #receive(response: SipResponse, { flow: from, hidesVia }: ProxyTarget): void {
    if (response.status === 100) return;
    if (hidesVia === true) {
      response.remove('Via');
      prependAll(response, 'Via', this.request.headers('Via'));
    } else response.removeFirstValue('Via');
    if (!response.has('Via')) return;
    if (response.status < 200) {
      this.#restartTimerC();
      this.#sendUpstream(response, from);
      return;
    }
    if (response.status < 300) {
      this.#remaining = NO_TARGETS;
      this.#sendUpstream(response, from);
      // Branches that were given up for silence may still ring.
      for (const branch of this.#branches) branch.cancel();
      return;
    }
    if (response.status === 503) {
      (this.#unavailable ??= []).push(from.peer);
      // What one server lacks the agent must not read as the state of the whole edge (16.7 step 6).
      this.#failed(500, 'target-unavailable');
      return;
    }
    this.#remaining = NO_TARGETS;
    this.#sendUpstream(response, from);
  }

  /** A target kept silent or cannot serve: the next one, or `status` when none is left. */
  #failed(status: number, reason: ProxyRefusal): void {
    if (this.transaction.completed) return;
    if (this.#cancelled) this.reply(487);
    else if (!this.#tryNext()) this.#exhausted(status, reason);
  }

  #exhausted(status: number, reason: ProxyRefusal): void {
    const { handler } = this.#environment;
    if (handler.onExhausted === undefined) this.#refuse(status, reason);
    else handler.onExhausted(this, status, reason);
  }

  /** Answers for a reason of the core's own. */
  #refuse(status: number, reason: ProxyRefusal, retryAfter?: string): void {
    const response = this.request.createResponse(status);
    if (retryAfter !== undefined) response.set('Retry-After', retryAfter);
    this.#environment.handler.onRefusal?.(this.request, response, reason, this.flow);
    this.respond(response);
  }

  #sendUpstream(response: SipResponse, from: Flow): void {
    this.answeredBy = from;
    this.#environment.handler.onResponse?.(response, this);
    this.respond(response);
  }

  #restartTimerC(): void {
    if (!this.#isInvite) return;
    this.#timerC?.cancel();
    this.#timerC = this.#environment.scheduler.schedule(this.#environment.timerC, () => {
      for (const branch of this.#branches) branch.cancel();
      this.#remaining = NO_TARGETS;
      this.#cancelled = true;
      this.#refuse(408, 'target-timeout');
    });
  }
}

const NO_TARGETS: readonly ProxyTarget[] = [];

function isAmong({ address, port }: Peer, peers: readonly Peer[]): boolean {
  return peers.some((peer) => peer.address === address && peer.port === port);
}

/** The first of the values comes to stand on top. */
function prependAll(message: SipMessage, name: string, values: readonly string[]): void {
  for (let index = values.length - 1; index >= 0; index--) message.prepend(name, values[index] ?? '');
}
