import {
  SipResponse,
  tagOf,
  type AckContext,
  type Flow,
  type ProxyContext,
  type ProxyHandler,
  type Scheduler,
  type SipRequest,
  type Transport,
} from '../../sip/index.ts';
import {
  judge,
  removeCredentials,
  stripFromUntrusted,
  stripTowardsUntrusted,
  type AuthenticationResult,
} from '../identity/index.ts';
import type { HostResolver } from '../sec3/index.ts';
import { Admission } from './admission.ts';
import { DIALOG_TOKEN_PARAMETER, type DialogTokens } from './dialog-token.ts';
import { EdgeTarget } from './edge-target.ts';
import type { EdgeEvents, EdgeRefusal } from './edge-events.ts';
import type { SipListener } from './sip-listener.ts';
import type { Hop, RoutedRequest, SipRouter } from './sip-route.ts';

/** Methods whose dialogs the gateway stays in: RFC 3261 16.6 step 4 and, for NOTIFY, RFC 6665 4.3. */
const RECORD_ROUTED = new Set(['INVITE', 'SUBSCRIBE', 'NOTIFY', 'REFER']);

const DRAINING_RETRY_AFTER_SECONDS = 5;

export interface SipEdgeOptions {
  readonly listeners: readonly SipListener[];
  readonly router: SipRouter;
  readonly tokens: DialogTokens;
  readonly resolver: HostResolver;
  readonly scheduler: Scheduler;
  readonly events: EdgeEvents;
}

/**
 * The SEC-1 SIP edge: every request goes through authentication, policy, stripping, assertion and target selection, in
 * this order, and only then on (docs/architecture.md, "How a request flows").
 */
export class SipEdge implements ProxyHandler {
  #options: SipEdgeOptions;
  #byTransport: ReadonlyMap<Transport, SipListener>;
  #draining = false;

  constructor(options: SipEdgeOptions) {
    this.#options = options;
    this.#byTransport = new Map(options.listeners.map((listener) => [listener.transport, listener]));
  }

  /** From now on requests are judged and routed by these; what was let in goes on as it began. */
  replace(settings: Pick<SipEdgeOptions, 'listeners' | 'router'>): void {
    this.#options = { ...this.#options, listeners: settings.listeners, router: settings.router };
    this.#byTransport = new Map(settings.listeners.map((listener) => [listener.transport, listener]));
  }

  /** From now on requests outside dialogs are answered 503, or no longer; dialogs go on in any case. */
  drain(draining = true): void {
    this.#draining = draining;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** Authentication and policy, before anything is kept of the request: an unproven peer costs time, but no memory. */
  screen(request: SipRequest, flow: Flow): SipResponse | Admission | Promise<SipResponse | Admission> {
    const listener = this.#byTransport.get(flow.transport);
    if (listener === undefined) return request.createResponse(500);
    if (this.#draining && tagOf(request.to) === undefined) {
      const response = this.#refusal(request, flow, 'draining', 503);
      response.set('Retry-After', String(DRAINING_RETRY_AFTER_SECONDS));
      return response;
    }
    const result = listener.authenticators.authenticate(request, flow);
    if (!(result instanceof Promise)) return this.#judge(request, flow, listener, result);
    return result.then((settled) => this.#judge(request, flow, listener, settled));
  }

  onRequest(context: ProxyContext): void {
    const { screened } = context;
    if (screened instanceof Promise) {
      void (screened as Promise<SipResponse | Admission>).then((settled) => {
        if (settled instanceof SipResponse) context.respond(settled);
        else {
          context.screened = settled;
          this.#route(context, settled);
        }
      });
    } else if (screened instanceof Admission) this.#route(context, screened);
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
    const forward = (address: string | undefined): void => {
      const refusal = addressRefusal(hop, address);
      if (address === undefined || refusal !== undefined) {
        this.#options.events.ackDropped(context.request, context.flow, refusal ?? 'unresolved-host');
        return;
      }
      if (!trusted) {
        stripFromUntrusted(context.request);
        removeOwnCredentials(context.request, listener);
      }
      context.forward({ transport: hop.listener.transport, peer: { address, port: hop.port } });
    };
    const cached = this.#options.resolver.cached(hop.host);
    if (cached !== undefined) forward(cached);
    else void this.#options.resolver.resolve(hop.host).then(forward);
  }

  onResponse(response: SipResponse, context: ProxyContext): void {
    const admission = admissionOf(context);
    if (admission === undefined) return;
    if (admission.trusted) {
      // The answer comes from an agent, who may claim no identity of its own (RFC 5876).
      if (!this.#isInside(context.answeredBy)) stripFromUntrusted(response);
    } else {
      stripTowardsUntrusted(response);
      if (response.status >= 200 && response.status < 300) admission.decorate(response);
    }
  }

  /** What authentication and policy make of a request: who it is from, or the response that refuses it. */
  #judge(
    request: SipRequest,
    flow: Flow,
    listener: SipListener,
    result: AuthenticationResult,
  ): SipResponse | Admission {
    switch (result.outcome) {
      case 'authenticated': {
        const judgement = judge(result.identity, request);
        if (!judgement.allowed) return this.#refusal(request, flow, 'identity-not-allowed', 403);
        this.#options.events.authenticated(request, flow, result.identity, judgement.asserted);
        return new Admission(listener, result, judgement.asserted);
      }
      case 'challenge':
      case 'refused':
        this.#options.events.refused(request, flow, result.reason, result.response.status);
        return result.response;
      case 'not-applicable':
        return this.#refusal(request, flow, 'no-credentials', 403);
    }
  }

  #route(context: ProxyContext, { listener, trusted }: Admission): void {
    const decision = this.#options.router.decide(context, listener, trusted, this.#options.scheduler.now());
    switch (decision.outcome) {
      case 'local':
        this.#answerForGateway(context);
        return;
      case 'refuse':
        this.#refuse(context, decision.reason, decision.status, (response) => {
          if (decision.allowEvents !== undefined) response.set('Allow-Events', decision.allowEvents.join(', '));
        });
        return;
      case 'hops':
        this.#resolveAndForward(context, listener, decision.hops);
    }
  }

  #resolveAndForward(context: ProxyContext, arrival: SipListener, hops: readonly Hop[]): void {
    const addresses = hops.map((hop) => this.#options.resolver.cached(hop.host));
    if (addresses.every((address) => address !== undefined)) {
      this.#forward(context, arrival, hops, addresses);
      return;
    }
    void Promise.all(hops.map((hop) => this.#options.resolver.resolve(hop.host))).then((resolved) => {
      this.#forward(context, arrival, hops, resolved);
    });
  }

  #forward(
    context: ProxyContext,
    arrival: SipListener,
    hops: readonly Hop[],
    addresses: readonly (string | undefined)[],
  ): void {
    const targets: EdgeTarget[] = [];
    const refusals: EdgeRefusal[] = [];
    for (let index = 0; index < hops.length; index++) {
      const hop = hops[index];
      const address = addresses[index];
      if (hop === undefined) continue;
      const refusal = addressRefusal(hop, address);
      if (refusal !== undefined) refusals.push(refusal);
      else if (address !== undefined) targets.push(this.#target(context, arrival, hop, address));
    }
    if (targets.length > 0) context.forward(targets);
    else if (hops.length === 0) this.#refuse(context, 'no-target', 503);
    else if (refusals.includes('destination-not-allowed')) this.#refuse(context, 'destination-not-allowed', 403);
    else this.#refuse(context, 'unresolved-host', 502);
  }

  #target(context: ProxyContext, arrival: SipListener, hop: Hop, address: string): EdgeTarget {
    const flow = { transport: hop.listener.transport, peer: { address, port: hop.port } };
    const { method } = context.request;
    const routes =
      RECORD_ROUTED.has(method) || method === 'REGISTER' ? this.#ownRoutes(context, arrival, hop.listener) : undefined;
    return new EdgeTarget(flow, hop, method, routes, this.#options.scheduler, (request) => {
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
      for (const identity of admission?.asserted ?? []) request.append('P-Asserted-Identity', `<${identity}>`);
    } else if (!this.#isInside(destination)) {
      stripTowardsUntrusted(request);
    }
  }

  /** Record-Route and Path values of ours, top first: the side we send from, then the side the request came in by. */
  #ownRoutes(context: ProxyContext, arrival: SipListener, departure: SipListener): string[] {
    const token = this.#options.tokens.issue(context.request.callId);
    const value = (listener: SipListener): string =>
      `<sip:${listener.transport.sentBy};lr;${DIALOG_TOKEN_PARAMETER}=${token}>`;
    return arrival === departure ? [value(arrival)] : [value(departure), value(arrival)];
  }

  #answerForGateway(context: ProxyContext): void {
    if (context.request.method === 'OPTIONS') {
      context.reply(200, undefined, (response) => {
        response.set('Supported', 'path');
      });
    } else this.#refuse(context, 'no-target', 404);
  }

  /** The inside is what the listener that it is reached by trusts. */
  #isInside(flow: Flow | undefined): boolean {
    return flow !== undefined && this.#byTransport.get(flow.transport)?.trusts(flow.peer.address) === true;
  }

  #refusal(request: SipRequest, flow: Flow, reason: EdgeRefusal, status: number): SipResponse {
    this.#options.events.refused(request, flow, reason, status);
    return request.createResponse(status);
  }

  #refuse(context: ProxyContext, reason: EdgeRefusal, status: number, edit?: (response: SipResponse) => void): void {
    this.#options.events.refused(context.request, context.flow, reason, status);
    context.reply(status, undefined, edit);
  }
}

function admissionOf({ screened }: ProxyContext): Admission | undefined {
  return screened instanceof Admission ? screened : undefined;
}

function removeOwnCredentials(request: SipRequest, listener: SipListener): void {
  for (const realm of listener.authenticators.realms) removeCredentials(request, realm);
}

function addressRefusal(hop: Hop, address: string | undefined): EdgeRefusal | undefined {
  if (address === undefined) return 'unresolved-host';
  return hop.chosenByPeer && !hop.listener.trusts(address) ? 'destination-not-allowed' : undefined;
}

function pick(context: AckContext): Omit<RoutedRequest, 'inDialog'> {
  return { request: context.request, poppedRoutes: context.poppedRoutes, nextHop: context.nextHop };
}
