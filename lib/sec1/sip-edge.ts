import type {
  AckContext,
  Flow,
  ProxyContext,
  ProxyHandler,
  ProxyTarget,
  Scheduler,
  SipRequest,
  SipResponse,
  Transport,
} from '../../sip/index.ts';
import {
  judge,
  removeCredentials,
  stripFromUntrusted,
  stripTowardsUntrusted,
  type AuthenticationResult,
  type Identity,
} from '../identity/index.ts';
import type { HostResolver } from '../sec3/index.ts';
import { DIALOG_TOKEN_PARAMETER, type DialogTokens } from './dialog-token.ts';
import type { EdgeEvents, EdgeRefusal } from './edge-events.ts';
import type { SipListener } from './sip-listener.ts';
import type { Hop, RoutedRequest, SipRouter } from './sip-route.ts';

/** Methods whose dialogs the gateway stays in: RFC 3261 16.6 step 4 and, for NOTIFY, RFC 6665 4.3. */
const RECORD_ROUTED = new Set(['INVITE', 'SUBSCRIBE', 'NOTIFY', 'REFER']);

const DRAINING_RETRY_AFTER_SECONDS = 5;

/** What was settled about a request when it was let in; kept until its response goes back. */
interface Admission {
  readonly trusted: boolean;
  readonly asserted: readonly string[];
  readonly decorate?: ((response: SipResponse) => void) | undefined;
}

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
  readonly #options: SipEdgeOptions;
  readonly #byTransport: ReadonlyMap<Transport, SipListener>;
  readonly #admissions = new WeakMap<ProxyContext, Admission>();
  #draining = false;

  constructor(options: SipEdgeOptions) {
    this.#options = options;
    this.#byTransport = new Map(options.listeners.map((listener) => [listener.transport, listener]));
  }

  /** From now on requests outside dialogs are answered 503; dialogs go on. */
  drain(): void {
    this.#draining = true;
  }

  onRequest(context: ProxyContext): void {
    const listener = this.#byTransport.get(context.flow.transport);
    if (listener === undefined) {
      context.reply(500);
      return;
    }
    if (this.#draining && !context.inDialog) {
      this.#refuse(context, 'draining', 503, (response) => {
        response.set('Retry-After', String(DRAINING_RETRY_AFTER_SECONDS));
      });
      return;
    }
    const result = listener.authenticators.authenticate(context.request, context.flow);
    if (result instanceof Promise) {
      void result.then((settled) => {
        this.#authenticated(context, listener, settled);
      });
    } else this.#authenticated(context, listener, result);
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
    const admission = this.#admissions.get(context);
    if (admission === undefined) return;
    if (admission.trusted) {
      // The answer comes from an agent, who may claim no identity of its own (RFC 5876).
      if (!this.#isInside(context.answeredBy)) stripFromUntrusted(response);
    } else {
      stripTowardsUntrusted(response);
      if (response.status >= 200 && response.status < 300) admission.decorate?.(response);
    }
  }

  #authenticated(context: ProxyContext, listener: SipListener, result: AuthenticationResult): void {
    switch (result.outcome) {
      case 'authenticated':
        this.#admit(context, listener, result.identity, (response) => result.decorate?.(response));
        return;
      case 'challenge':
      case 'refused':
        this.#options.events.refused(context.request, context.flow, result.reason, result.response.status);
        context.respond(result.response);
        return;
      case 'not-applicable':
        this.#refuse(context, 'no-credentials', 403);
    }
  }

  #admit(
    context: ProxyContext,
    listener: SipListener,
    identity: Identity,
    decorate: ((response: SipResponse) => void) | undefined,
  ): void {
    const trusted = identity.scheme === 'trusted';
    const judgement = judge(identity, context.request);
    if (!judgement.allowed) {
      this.#refuse(context, 'identity-not-allowed', 403);
      return;
    }
    const { asserted } = judgement;
    this.#options.events.authenticated(context.request, context.flow, identity, asserted);
    this.#admissions.set(context, { trusted, asserted, decorate });

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
    const targets: ProxyTarget[] = [];
    const refusals: EdgeRefusal[] = [];
    for (const [index, hop] of hops.entries()) {
      const address = addresses[index];
      const refusal = addressRefusal(hop, address);
      if (refusal !== undefined) refusals.push(refusal);
      else if (address !== undefined) targets.push(this.#target(context, arrival, hop, { address, port: hop.port }));
    }
    if (targets.length > 0) context.forward(targets);
    else if (refusals.includes('destination-not-allowed')) this.#refuse(context, 'destination-not-allowed', 403);
    else this.#refuse(context, 'unresolved-host', 502);
  }

  #target(context: ProxyContext, arrival: SipListener, hop: Hop, peer: Flow['peer']): ProxyTarget {
    const { scheduler } = this.#options;
    const { target, responseTimeoutMilliseconds } = hop;
    const flow = { transport: hop.listener.transport, peer };
    return {
      flow,
      ...(responseTimeoutMilliseconds === undefined ? {} : { responseTimeout: responseTimeoutMilliseconds }),
      recordRoute: RECORD_ROUTED.has(context.request.method) ? this.#ownRoutes(context, arrival, hop.listener) : [],
      path: context.request.method === 'REGISTER' ? this.#ownRoutes(context, arrival, hop.listener) : [],
      edit: (request) => {
        this.#cross(context, arrival, request, flow);
      },
      onOutcome: (outcome) => {
        if (outcome === 'answered') target?.answered();
        else target?.failed(scheduler.now());
      },
    };
  }

  /** What changes on a request as it crosses the edge: claims out, proofs in. */
  #cross(context: ProxyContext, arrival: SipListener, request: SipRequest, destination: Flow): void {
    const admission = this.#admissions.get(context);
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

  #refuse(context: ProxyContext, reason: EdgeRefusal, status: number, edit?: (response: SipResponse) => void): void {
    this.#options.events.refused(context.request, context.flow, reason, status);
    context.reply(status, undefined, edit);
  }
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
