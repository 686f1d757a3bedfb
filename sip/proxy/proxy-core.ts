import { isServiceUrn, isSipUri, isTelUri, type SipRequest, type SipResponse, type SipUri } from '../message/index.ts';
import type { Scheduler } from '../scheduler.ts';
import type { ServerTransaction, TransactionEngine, TransactionUser } from '../transaction/index.ts';
import type { Flow } from '../transport/index.ts';
import { LoopDetector } from './loop-detection.ts';
import { breadthRefusal, ensureMaxBreadth } from './max-breadth.ts';
import type { ProxyHandler } from './proxy-handler.ts';
import type { ProxyRefusal } from './proxy-refusal.ts';
import { ResponseContext, type ResponseContextEnvironment } from './response-context.ts';
import { adaptToStrictRouter, processRoute } from './route-processing.ts';

export interface ProxyCoreOptions {
  readonly engine: TransactionEngine;
  readonly scheduler: Scheduler;
  readonly handler: ProxyHandler;
  /** Tells whether a SIP URI names this proxy. */
  readonly isLocal: (uri: SipUri) => boolean;
  /** Keys the loop hash, so that nobody can make a request look like a loop. */
  readonly loopSecret: Buffer;
  /** Milliseconds; more than three minutes (RFC 3261 16.6 step 11). */
  readonly timerC?: number;
}

const DEFAULT_TIMER_C_MILLISECONDS = 181_000;

/** What a request without Max-Forwards gets (RFC 3261 16.6 step 3). */
const MAX_FORWARDS = 70;

/**
 * A transaction-stateful proxy core (RFC 3261 16). It checks requests, undoes routes, forwards, fails over and sends one
 * final response back; whether and where a request goes, the handler decides.
 */
export class ProxyCore implements TransactionUser {
  readonly #environment: ResponseContextEnvironment;
  readonly #isLocal: (uri: SipUri) => boolean;
  readonly #loops: LoopDetector;
  readonly #invites = new WeakMap<ServerTransaction, ResponseContext>();

  constructor(options: ProxyCoreOptions) {
    this.#environment = {
      engine: options.engine,
      scheduler: options.scheduler,
      handler: options.handler,
      timerC: options.timerC ?? DEFAULT_TIMER_C_MILLISECONDS,
      maxForwards: MAX_FORWARDS,
    };
    this.#isLocal = options.isLocal;
    this.#loops = new LoopDetector(options.loopSecret, options.isLocal);
  }

  /** What the request itself makes impossible is answered without state, and so is what the handler wants answered so. */
  screen(request: SipRequest, flow: Flow): unknown {
    const refusal = this.#check(request);
    if (refusal === undefined) return this.#environment.handler.screen?.(request, flow);
    const response = request.createResponse(refusal.status);
    if (refusal.unsupported !== undefined) response.set('Unsupported', refusal.unsupported);
    this.onRefusal(request, response, refusal.reason, flow);
    return response;
  }

  onRefusal(request: SipRequest, response: SipResponse, reason: ProxyRefusal, flow: Flow): void {
    this.#environment.handler.onRefusal?.(request, response, reason, flow);
  }

  onRequest(transaction: ServerTransaction, screened: unknown): void {
    const { request } = transaction;
    const branchSuffix = this.#loops.branchSuffix(request);
    const route = processRoute(request, this.#isLocal);
    if (route === undefined) {
      const response = request.createResponse(400);
      this.onRefusal(request, response, 'malformed-route', transaction.flow);
      transaction.respond(response);
      return;
    }
    const context = new ResponseContext(transaction, route, branchSuffix, screened, this.#environment);
    if (request.method === 'INVITE') this.#invites.set(transaction, context);
    this.#environment.handler.onRequest(context);
  }

  onCancel(invite: ServerTransaction): void {
    this.#invites.get(invite)?.cancel();
  }

  onAck(request: SipRequest, flow: Flow): void {
    if (request.maxForwards === 0 || request.requestUri === undefined || this.#loops.isLoop(request)) return;
    const branchSuffix = this.#loops.branchSuffix(request);
    const route = processRoute(request, this.#isLocal);
    if (route === undefined) return;
    this.#environment.handler.onAck({
      request,
      flow,
      ...route,
      forward: (target) => {
        const { maxForwards } = request;
        request.set('Max-Forwards', String(maxForwards === undefined ? MAX_FORWARDS : maxForwards - 1));
        ensureMaxBreadth(request);
        adaptToStrictRouter(request);
        this.#environment.engine.sendStateless(request, target, branchSuffix);
      },
    });
  }

  /** Dropped: a proxy with transactions forwards no response that matches none (RFC 6026 7.3). */
  onStrayResponse(): void {
    // The engine has counted it.
  }

  /** Request validation (RFC 3261 16.3). */
  #check(request: SipRequest): { status: number; reason: ProxyRefusal; unsupported?: string } | undefined {
    // A CANCEL that matches no INVITE here cannot be checked, and none that we forwarded is left to cancel.
    if (request.method === 'CANCEL') return { status: 481, reason: 'no-transaction' };
    const uri = request.requestUri;
    if (uri === undefined) return { status: 400, reason: 'malformed-request-uri' };
    if (!isSipUri(uri) && !isTelUri(uri) && !isServiceUrn(uri))
      return { status: 416, reason: 'unsupported-uri-scheme' };
    // Header fields in a Request-URI must not be forwarded, nor become header fields (RFC 3261 19.1.1, RFC 4475 3.1.2.11).
    if (isSipUri(uri) && uri.headers !== undefined) return { status: 400, reason: 'malformed-request-uri' };
    if (request.maxForwards === 0) return { status: 483, reason: 'too-many-hops' };
    if (this.#loops.isLoop(request)) return { status: 482, reason: 'loop' };
    const breadth = breadthRefusal(request);
    if (breadth !== undefined) return { status: breadth, reason: 'max-breadth' };
    const required = request.values('Proxy-Require');
    if (required.length === 0) return undefined;
    return { status: 420, reason: 'bad-extension', unsupported: required.join(', ') };
  }
}
