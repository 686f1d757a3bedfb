import {
  SipResponse,
  tagOf,
  type AckContext,
  type Flow,
  type ProxyContext,
  type ProxyHandler,
  type ProxyRefusal,
  type Scheduler,
  type SipRequest,
  type Transport,
} from '../../sip/index.ts';
import {
  judge,
  permit,
  removeCredentials,
  stripFromUntrusted,
  stripTowardsUntrusted,
  statusOf,
  type AuthenticationResult,
  type MethodPolicy,
  type StatusReason,
} from '../identity/index.ts';
import type { EdgeAdmission } from './admission/edge-admission.ts';
import { AdmittedRequest } from './admitted-request.ts';
import type { AgentFlows } from './agent-flows.ts';
import type { Departures } from './departures.ts';
import type { DialogTokens } from './dialog-token.ts';
import { EdgeTarget } from './edge-target.ts';
import type { EdgeEvents, EdgeRefusal } from './edge-events.ts';
import type { HopResolver, ResolvedHop } from './hop-resolver.ts';
import type { LargeRequests } from './large-requests.ts';
import { ownRoutes } from './own-routes.ts';
import { setRefusalWarning } from './refusal-warning.ts';
import type { SipListener } from './sip-listener.ts';
import type { Hop, RoutedRequest, SipRouter } from './sip-route.ts';
import { mustHideVia } from './via-hiding.ts';

/** Methods whose dialogs the gateway stays in: RFC 3261 16.6 step 4 and, for NOTIFY, RFC 6665 4.3. */
const RECORD_ROUTED = new Set(['INVITE', 'SUBSCRIBE', 'NOTIFY', 'REFER']);

/** Option tags of what the gateway does (RFC 3327, RFC 5626). */
const SUPPORTED = new Set(['path', 'outbound']);

const DRAINING_RETRY_AFTER_SECONDS = 5;

export interface SipEdgeOptions {
  readonly listeners: readonly SipListener[];
  readonly router: SipRouter;
  readonly tokens: DialogTokens;
  readonly flows: AgentFlows;
  readonly departures: Departures;
  readonly largeRequests: LargeRequests;
  readonly resolver: HopResolver;
  readonly scheduler: Scheduler;
  readonly events: EdgeEvents;
  /** Bounds what strangers cost; without it there are no such bounds. */
  readonly admission?: EdgeAdmission;
  /** Methods that not everybody may use. */
  readonly methods: MethodPolicy;
}

/**
 * The SEC-1 SIP edge: every request goes through authentication, policy, stripping, assertion and target selection, in
 * this order, and only then on (docs/architecture.md, "How a request flows").
 */
export class SipEdge implements ProxyHandler {
  #options: SipEdgeOptions;
  #byTransport: ReadonlyMap<Transport, SipListener>;
  #draining = false;
  #uplink: ((context: ProxyContext) => boolean) | undefined;

  constructor(options: SipEdgeOptions) {
    this.#options = options;
    this.#byTransport = new Map(
      options.listeners.flatMap((listener) => listener.transports.map((transport) => [transport, listener] as const)),
    );
  }

  /** From now on requests are judged by this; what was let in goes on as it began. */
  setMethods(methods: MethodPolicy): void {
    this.#options = { ...this.#options, methods };
  }

  /** From now on requests outside dialogs are answered 503, or no longer; dialogs go on in any case. */
  drain(draining = true): void {
    this.#draining = draining;
  }

  /** Whoever takes requests that end in the gateway; it is asked after a request was let in, and says whether it has answered. */
  setUplink(take: (context: ProxyContext) => boolean): void {
    this.#uplink = take;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** Authentication and policy, before anything is kept of the request: an unproven peer costs time, but no memory. */
  screen(request: SipRequest, flow: Flow): SipResponse | AdmittedRequest | Promise<SipResponse | AdmittedRequest> {
    const listener = this.#byTransport.get(flow.transport);
    if (listener === undefined) return this.#refusal(request, flow, 'unknown-listener');
    if (this.#draining && tagOf(request.to) === undefined) {
      const response = this.#refusal(request, flow, 'draining');
      response.set('Retry-After', String(DRAINING_RETRY_AFTER_SECONDS));
      return response;
    }
    const { admission } = this.#options;
    const retryAfter = admission?.retryAfter(request) ?? 0;
    if (retryAfter > 0) {
      const response = this.#refusal(request, flow, 'overloaded');
      response.set('Retry-After', String(retryAfter));
      return response;
    }
    // Asked for now: when a promise settles, another datagram is being delivered.
    // A connection and the handshake of an association prove the address.
    const isProven = flow.transport.reliable || flow.peer.association !== undefined;
    const limit = admission?.challengeLimit(isProven) ?? Number.POSITIVE_INFINITY;
    const result = listener.authenticators.authenticate(request, flow);
    if (!(result instanceof Promise)) return this.#judge(request, flow, listener, result, limit);
    return result.then((settled) => this.#judge(request, flow, listener, settled, limit));
  }

  onRequest(context: ProxyContext): void {
    const { screened } = context;
    if (screened instanceof Promise) {
      context.trying();
      void (screened as Promise<SipResponse | AdmittedRequest>).then((settled) => {
        if (settled instanceof SipResponse) context.respond(settled);
        else {
          context.screened = settled;
          this.#route(context, settled);
        }
      });
    } else if (screened instanceof AdmittedRequest) this.#route(context, screened);
  }

  onAck(context: AckContext): void {
    const listener = this.#byTransport.get(context.flow.transport);
    if (listener === undefined) return;
    // An ACK cannot be challenged; what excuses it is the proof that its dialog was let through (RFC 3261 22.1).
    const trusted = listener.trusts(context.flow.peer.address);
    const routed: RoutedRequest = { ...pick(context), inDialog: true };
    const decision = this.#options.router.decide(routed, listener, trusted, this.#options.scheduler.now());
    const hop = decision.outcome === 'hops' ? decision.hops[0] : undefined;
    if (hop === undefined) {
      const reason = decision.outcome === 'refuse' ? decision.reason : 'no-target';
      this.#options.events.ackDropped(context.request, context.flow, reason);
      return;
    }
    const forward = ([first]: readonly ResolvedHop[]): void => {
      if (first === undefined || this.#isForeign(first)) {
        const refusal = first === undefined ? noPlace([hop]) : 'destination-not-allowed';
        this.#options.events.ackDropped(context.request, context.flow, refusal);
        return;
      }
      if (!trusted) {
        stripFromUntrusted(context.request);
        removeOwnCredentials(context.request, listener);
        if (mustHideVia(context.request, context.flow)) context.request.remove('Via');
      }
      context.forward(first.flow);
    };
    const resolved = this.#options.resolver.resolve([hop]);
    if (resolved instanceof Promise) void resolved.then(forward);
    else forward(resolved);
  }

  onExhausted(context: ProxyContext, status: number, reason: ProxyRefusal): void {
    const rule = admissionOf(context)?.rule;
    const seconds =
      rule === undefined ? undefined : this.#options.router.targets.overloaded(rule, this.#options.scheduler.now());
    if (seconds !== undefined) {
      this.#refuse(context, 'targets-unavailable', retryAfter(seconds));
      return;
    }
    const response = context.request.createResponse(status);
    this.onRefusal(context.request, response, reason, context.flow);
    context.respond(response);
  }

  /** Engine and core refuse some requests by themselves; those have a reason in log, metric and response too. */
  onRefusal(request: SipRequest, response: SipResponse, reason: EdgeRefusal, flow: Flow): void {
    this.#options.events.refused(request, flow, reason, response.status);
    setRefusalWarning(response, this.#byTransport.get(flow.transport)?.fqdn ?? flow.transport.sentBy, reason);
  }

  onResponse(response: SipResponse, context: ProxyContext): void {
    const admission = admissionOf(context);
    if (admission === undefined) return;
    if (admission.trusted) {
      // The answer comes from an agent, who may claim no identity of its own (RFC 5876).
      if (!this.#isInside(context.answeredBy)) stripFromUntrusted(response);
    } else {
      stripTowardsUntrusted(response);
      if (admission.flowTimer !== undefined && response.status >= 200 && response.status < 300) {
        response.set('Flow-Timer', admission.flowTimer);
      }
      if (response.status >= 200 && response.status < 300) admission.decorate(response);
    }
  }

  /** What authentication and policy make of a request: who it is from, or the response that refuses it. */
  #judge(
    request: SipRequest,
    flow: Flow,
    listener: SipListener,
    result: AuthenticationResult,
    challengeLimit: number,
  ): SipResponse | AdmittedRequest {
    switch (result.outcome) {
      case 'authenticated': {
        const method = this.#options.methods.requirementsOf(request.method);
        const identity = permit(permit(result.identity, listener.requires), method);
        if (identity === undefined) return this.#refusal(request, flow, 'not-permitted');
        const judgement = judge(identity, request);
        if (!judgement.allowed) return this.#refusal(request, flow, 'identity-not-allowed');
        if (identity.scheme !== 'none') flow.transport.prove?.(flow.peer);
        this.#options.events.authenticated(request, flow, identity, judgement.asserted);
        return new AdmittedRequest(listener, result, identity, judgement.asserted);
      }
      case 'challenge':
        this.onRefusal(request, result.response, result.reason, flow);
        return this.#options.admission?.fit(request, result.response, challengeLimit) ?? result.response;
      case 'refused':
        this.onRefusal(request, result.response, result.reason, flow);
        return result.response;
      case 'not-applicable':
        return this.#refusal(request, flow, 'untrusted-peer');
    }
  }

  #route(context: ProxyContext, admission: AdmittedRequest): void {
    const { listener, trusted, identity } = admission;
    if (this.#uplink?.(context) === true) return;
    const decision = this.#options.router.decide(context, listener, trusted, this.#options.scheduler.now(), identity);
    switch (decision.outcome) {
      case 'local':
        this.#answerForGateway(context);
        return;
      case 'refuse':
        this.#refuse(context, decision.reason, (response) => {
          if (decision.allowEvents !== undefined) response.set('Allow-Events', decision.allowEvents.join(', '));
          if (decision.retryAfterSeconds !== undefined) retryAfter(decision.retryAfterSeconds)(response);
        });
        return;
      case 'hops':
        admission.rule = decision.rule;
        if (decision.identity !== undefined && decision.identity !== identity) {
          const judgement = judge(decision.identity, context.request);
          if (!judgement.allowed) {
            this.#refuse(context, 'identity-not-allowed');
            return;
          }
          admission.asserted = judgement.asserted;
        }
        this.#resolveAndForward(context, listener, decision.hops);
    }
  }

  #resolveAndForward(context: ProxyContext, arrival: SipListener, hops: readonly Hop[]): void {
    const resolved = this.#options.resolver.resolve(hops);
    if (resolved instanceof Promise) {
      context.trying();
      void resolved.then((places) => {
        this.#forward(context, arrival, hops, places);
      });
    } else this.#forward(context, arrival, hops, resolved);
  }

  #forward(context: ProxyContext, arrival: SipListener, hops: readonly Hop[], places: readonly ResolvedHop[]): void {
    const targets: EdgeTarget[] = [];
    for (const place of places) {
      if (!this.#isForeign(place)) targets.push(this.#target(context, arrival, place));
    }
    if (targets.length > 0) context.forward(targets);
    else if (places.length > 0) this.#refuse(context, 'destination-not-allowed');
    else this.#refuse(context, noPlace(hops));
  }

  /** True when a peer who may not choose where requests go has chosen a place outside. */
  #isForeign({ hop, flow }: ResolvedHop): boolean {
    return hop.chosenByPeer && !this.#isInside(flow);
  }

  #target(context: ProxyContext, arrival: SipListener, place: ResolvedHop): EdgeTarget {
    const { hop, flow } = place;
    const { method } = context.request;
    const { scheduler, router } = this.#options;
    const admission = RECORD_ROUTED.has(method) || method === 'REGISTER' ? admissionOf(context) : undefined;
    const routes = admission === undefined ? undefined : ownRoutes(context, admission, flow, hop.flow, this.#options);
    const { peers } = router.targets;
    const { address, port } = flow.peer;
    const target = hop.target ?? peers.find(address, port);
    if (target !== undefined && hop.target !== undefined && target.query.fixed === undefined) {
      peers.add(address, port, target);
    }
    const hidesVia = admissionOf(context)?.trusted !== true && mustHideVia(context.request, context.flow);
    return new EdgeTarget(place, target, method, routes, hidesVia, scheduler, this.#options, (request) => {
      this.#cross(context, arrival, request, flow);
    });
  }

  /** What changes on a request as it crosses the edge: claims out, proofs in. */
  #cross(context: ProxyContext, arrival: SipListener, request: SipRequest, destination: Flow): void {
    const admission = admissionOf(context);
    if (admission?.trusted !== true) {
      stripFromUntrusted(request);
      // Route entries that are not ours are an untrusted peer's wish; only a proven dialog keeps them.
      if (!this.#options.router.isOwnDialog(context)) request.remove('Route');
      removeOwnCredentials(request, arrival);
      // On top, above all that the peer wrote: a server that stops reading early has read who it is.
      for (const identity of admission?.asserted.toReversed() ?? []) {
        request.prepend('P-Asserted-Identity', `<${identity}>`);
      }
    } else if (!this.#isInside(destination)) {
      stripTowardsUntrusted(request);
    }
  }

  #answerForGateway(context: ProxyContext): void {
    const unsupported = context.request.values('Require').filter((tag) => !SUPPORTED.has(tag.toLowerCase()));
    if (unsupported.length > 0) {
      this.#refuse(context, 'bad-extension', (response) => {
        response.set('Unsupported', unsupported.join(', '));
      });
    } else if (context.request.method === 'OPTIONS') {
      context.reply(200, undefined, (response) => {
        response.set('Supported', [...SUPPORTED].join(', '));
      });
    } else this.#refuse(context, 'no-target');
  }

  /** The inside is what the listener that it is reached by trusts. */
  #isInside(flow: Flow | undefined): boolean {
    return flow !== undefined && this.#byTransport.get(flow.transport)?.trusts(flow.peer.address) === true;
  }

  #refusal(request: SipRequest, flow: Flow, reason: StatusReason): SipResponse {
    const response = request.createResponse(statusOf(reason));
    this.onRefusal(request, response, reason, flow);
    return response;
  }

  #refuse(context: ProxyContext, reason: StatusReason, edit?: (response: SipResponse) => void): void {
    const response = this.#refusal(context.request, context.flow, reason);
    edit?.(response);
    context.respond(response);
  }
}

function admissionOf({ screened }: ProxyContext): AdmittedRequest | undefined {
  return screened instanceof AdmittedRequest ? screened : undefined;
}

function removeOwnCredentials(request: SipRequest, listener: SipListener): void {
  for (const realm of listener.authenticators.realms) removeCredentials(request, realm);
}

/** Why hops lead to no place: an address that no transport of ours reaches, or a name without address. */
function noPlace(hops: readonly Hop[]): 'unsupported-transport' | 'unresolved-host' {
  return hops.some(({ query }) => query.fixed !== undefined) ? 'unsupported-transport' : 'unresolved-host';
}

function retryAfter(seconds: number): (response: SipResponse) => void {
  return (response) => {
    response.set('Retry-After', String(seconds));
  };
}

function pick(context: AckContext): Omit<RoutedRequest, 'inDialog'> {
  return { request: context.request, poppedRoutes: context.poppedRoutes, nextHop: context.nextHop };
}
