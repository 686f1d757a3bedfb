import type { NameAddress, ResolutionQuery, SipRequest, SipUri, Uri } from '../../sip/index.ts';
import { NO_PARAMETERS, parseUri, resolutionQuery } from '../../sip/index.ts';
import type { Identity, StatusReason } from '../identity/index.ts';
import type { ActiveRule, SipTarget, SipTargetTable } from '../sec3/index.ts';
import type { AgentFlows } from './agent-flows.ts';
import { DIALOG_TOKEN_PARAMETER } from './dialog-token.ts';
import type { DialogTokens } from './dialog-token.ts';
import type { AgentFlow } from './flow-table.ts';
import type { SipListener } from './sip-listener.ts';

/** The next place to send a request to, before its host is resolved. */
export interface Hop {
  readonly query: ResolutionQuery;
  readonly listener: SipListener;
  /** The flow of an agent that the request must take; host and port are its own then. */
  readonly flow?: AgentFlow;
  /** The configured target that the hop stands for; absent for hops that Route or Request-URI name. */
  readonly target?: SipTarget;
  /** How long the hop may say nothing before the next one is tried; without it the transaction's own timer decides. */
  readonly responseTimeoutMilliseconds?: number;
  /** True when an untrusted peer chose the host: it must then lead to the inside. */
  readonly chosenByPeer: boolean;
}

export type RouteDecision =
  | {
      readonly outcome: 'hops';
      readonly hops: readonly Hop[];
      readonly rule?: ActiveRule;
      /** Who asked, with the public identities that are good for the target; absent for hops that are no target. */
      readonly identity?: Identity | undefined;
    }
  /** The request is for the gateway itself. */
  | { readonly outcome: 'local' }
  | {
      readonly outcome: 'refuse';
      readonly reason: StatusReason;
      readonly allowEvents?: readonly string[];
      readonly retryAfterSeconds?: number;
    };

/** What the routing step needs to know of a request (see `ProxyContext` of sip/proxy). */
export interface RoutedRequest {
  readonly request: SipRequest;
  readonly inDialog: boolean;
  readonly poppedRoutes: readonly NameAddress[];
  readonly nextHop: Uri;
}

/** SEC-1 routing: in-dialog requests follow their route set, new ones go to SEC-3 targets. */
export class SipRouter {
  readonly #listeners: readonly SipListener[];
  #targets: SipTargetTable;
  #inside: ReadonlyMap<string, SipListener>;
  readonly #tokens: DialogTokens;
  readonly #flows: AgentFlows;
  readonly #isLocal: (uri: SipUri) => boolean;

  constructor(options: {
    listeners: readonly SipListener[];
    targets: SipTargetTable;
    /** The listener from which each SEC-3 rule, by name, sends. */
    inside: ReadonlyMap<string, SipListener>;
    tokens: DialogTokens;
    flows: AgentFlows;
    isLocal: (uri: SipUri) => boolean;
  }) {
    this.#listeners = options.listeners;
    this.#targets = options.targets;
    this.#inside = options.inside;
    this.#tokens = options.tokens;
    this.#flows = options.flows;
    this.#isLocal = options.isLocal;
  }

  /** The table in force. */
  get targets(): SipTargetTable {
    return this.#targets;
  }

  /** Puts another table in place of the one in force, with the listeners that its rules send from. */
  replaceTargets(targets: SipTargetTable, inside: ReadonlyMap<string, SipListener>): void {
    this.#targets = targets;
    this.#inside = inside;
  }

  /** @param identity who asks; without one no target is found that requires something of it */
  decide(
    context: RoutedRequest,
    arrival: SipListener,
    trusted: boolean,
    now: number,
    identity?: Identity,
  ): RouteDecision {
    // A Route of ours without a token is only how a user agent names its outbound proxy; the request is a new one.
    const established = trusted ? this.#tokensOf(context).length > 0 : this.isOwnDialog(context);
    if (context.inDialog || established) return this.#alongRouteSet(context, arrival, trusted);
    const uri = context.request.requestUri;
    if (isSip(uri) && uri.user === undefined && this.#isLocal(uri)) return { outcome: 'local' };
    const selection = this.#targets.select(context.request, now, identity);
    switch (selection.outcome) {
      case 'found': {
        const listener = this.#inside.get(selection.rule.name) ?? arrival;
        return {
          outcome: 'hops',
          rule: selection.rule,
          identity: selection.identity,
          hops: selection.targets.map((target) => ({
            query: target.query,
            listener,
            target,
            responseTimeoutMilliseconds: selection.rule.responseTimeoutMilliseconds,
            chosenByPeer: false,
          })),
        };
      }
      case 'bad-event':
        return { outcome: 'refuse', reason: 'bad-event', allowEvents: selection.allowEvents };
      case 'not-permitted':
        return { outcome: 'refuse', reason: 'not-permitted' };
      case 'unavailable':
        return {
          outcome: 'refuse',
          reason: 'targets-unavailable',
          retryAfterSeconds: selection.retryAfterSeconds,
        };
      case 'not-found':
        // The inside may send to any agent; an agent may reach nothing but what the configuration names.
        if (trusted && isSip(context.nextHop) && !this.#isLocal(context.nextHop)) {
          return { outcome: 'hops', hops: [hopTo(context.nextHop, arrival, false)] };
        }
        return { outcome: 'refuse', reason: 'no-target' };
    }
  }

  /** True when the Route that came back to us shows that this dialog was let through before. */
  isOwnDialog(context: RoutedRequest): boolean {
    const { callId } = context.request;
    return this.#tokensOf(context).some((token) => this.#tokens.verify(token, callId));
  }

  /** What stands for tokens in the Route entries of ours; a Path has one too, of the registration's Call-ID. */
  #tokensOf(context: RoutedRequest): readonly string[] {
    if (context.poppedRoutes.length === 0) return NO_TOKENS;
    return context.poppedRoutes.flatMap((route) => {
      const uri = parseUri(route.uri);
      const token = isSip(uri) ? uri.parameters.get(DIALOG_TOKEN_PARAMETER) : undefined;
      return token === undefined ? [] : [token];
    });
  }

  #alongRouteSet(context: RoutedRequest, arrival: SipListener, trusted: boolean): RouteDecision {
    if (!trusted && !this.isOwnDialog(context)) {
      return { outcome: 'refuse', reason: 'foreign-dialog' };
    }
    // Agents do not choose flows: what they bring along leads inside (RFC 5626 5.3.1).
    const found = trusted ? this.#flows.lookUp(context.poppedRoutes) : undefined;
    if (found?.outcome === 'flow') return { outcome: 'hops', hops: [hopAlong(found.flow)] };
    if (found?.outcome === 'gone') return { outcome: 'refuse', reason: 'flow-failed' };
    if (!isSip(context.nextHop) || this.#isLocal(context.nextHop)) {
      return { outcome: 'refuse', reason: 'no-target' };
    }
    const last = context.poppedRoutes.at(-1);
    const listener = (last === undefined ? undefined : this.#listenerOf(last)) ?? arrival;
    return { outcome: 'hops', hops: [hopTo(context.nextHop, listener, !trusted)] };
  }

  /** The listener that wrote a Record-Route of ours: the one on whose side the rest of the route set lies. */
  #listenerOf(route: NameAddress): SipListener | undefined {
    const uri = parseUri(route.uri);
    if (uri === undefined || !isSip(uri)) return undefined;
    const sentBy = `${uri.host}:${uri.port ?? 5060}`.toLowerCase();
    return this.#listeners.find((listener) => listener.transport.sentBy.toLowerCase() === sentBy);
  }
}

const NO_TOKENS: readonly string[] = [];

function hopTo(uri: SipUri, listener: SipListener, chosenByPeer: boolean): Hop {
  return { query: resolutionQuery(uri), listener, chosenByPeer };
}

function hopAlong(flow: AgentFlow): Hop {
  const { address, port } = flow.peer;
  const query = resolutionQuery({ scheme: 'sip', host: address, port, parameters: NO_PARAMETERS });
  return { query, listener: flow.listener, flow, chosenByPeer: false };
}

function isSip(uri: Uri | undefined): uri is SipUri {
  return uri !== undefined && (uri.scheme === 'sip' || uri.scheme === 'sips');
}
