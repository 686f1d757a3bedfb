import {
  formatVia,
  isSipUri,
  parseNameAddress,
  parseUri,
  type Flow,
  type NameAddress,
  type SipRequest,
  type TransportProtocol,
} from '../../sip/index.ts';
import type { Identity } from '../identity/index.ts';
import type { AgentFlow, FlowTable } from './flow-table.ts';
import type { FlowTokens } from './flow-token.ts';
import type { SipListener } from './sip-listener.ts';

export interface AgentFlowsOptions {
  readonly table: FlowTable;
  readonly tokens: FlowTokens;
  /** In the order of the configuration, at most 256. */
  readonly listeners: readonly SipListener[];
  /** What agents are told of how often they must be heard of (RFC 5626 4.4, RFC 6223); seconds. */
  readonly flowTimerSeconds: Readonly<Record<TransportProtocol, number>>;
}

/** Where Route entries of ours lead. */
export type FlowLookup =
  | { readonly outcome: 'flow'; readonly flow: AgentFlow }
  /** They name a flow that is gone, and the agent cannot be reached but by it (RFC 5626 5.3.1). */
  | { readonly outcome: 'gone' }
  /** They name no flow, or one that is gone while the agent's Contact will do. */
  | { readonly outcome: 'none' };

const NONE: FlowLookup = { outcome: 'none' };
const GONE: FlowLookup = { outcome: 'gone' };

/**
 * What the edge knows of the flows of agents (RFC 5626 5): which request opens one, what token stands for it in Path and
 * Record-Route, and which flow a request from inside must take.
 */
export class AgentFlows {
  readonly counters = { followed: 0, gone: 0, forgedTokens: 0 };
  readonly #options: AgentFlowsOptions;

  constructor(options: AgentFlowsOptions) {
    this.#options = options;
  }

  get table(): FlowTable {
    return this.#options.table;
  }

  /**
   * Enters the flow of an agent that has authenticated and sets something up. A bare `keep` in its Via is answered (RFC 6223).
   *
   * @returns undefined when the agent proved nothing, or no flow can be remembered
   */
  enter(request: SipRequest, flow: Flow, listener: SipListener, identity: Identity): AgentFlow | undefined {
    // A link-local address needs its zone, which a token does not carry.
    if (identity.scheme === 'none' || flow.peer.address.includes('%')) return undefined;
    const via = request.topVia;
    const wantsKeep = via?.parameters.has('keep') === true && via.parameters.get('keep') === undefined;
    const outbound = wantsOutbound(request);
    const entered = this.table.enter(flow, listener, {
      subject: identity.subject,
      identities: identitiesOf(identity),
      // Nothing but its association leads to an agent behind DTLS.
      required: flow.peer.association !== undefined || outbound || !isReachable(request, flow),
      keptAlive: outbound || wantsKeep,
    });
    if (entered !== undefined && wantsKeep) {
      const parameters = new Map(via.parameters);
      parameters.set('keep', String(this.#timer(flow)));
      request.replaceFirstValue('Via', formatVia({ ...via, parameters }));
    }
    return entered;
  }

  /** The user part of a Path or Record-Route value that leads to the flow. */
  token(flow: AgentFlow): string {
    return this.#options.tokens.issue({
      protocol: flow.transport.protocol,
      listener: this.#options.listeners.indexOf(flow.listener),
      peer: flow.peer,
      serial: flow.serial,
      required: flow.required,
    });
  }

  /** The flow that Route entries of ours name, the last one first: that is the one on the agent's side. */
  lookUp(routes: readonly NameAddress[]): FlowLookup {
    for (let index = routes.length - 1; index >= 0; index--) {
      const uri = parseUri(routes[index]?.uri ?? '');
      const found = isSipUri(uri) ? this.#find(uri.user) : NONE;
      if (found !== NONE) return found;
    }
    return NONE;
  }

  /** The number of the worker process that has the flow which Route entries of ours name; undefined when they name none. */
  workerOf(routes: readonly NameAddress[]): number | undefined {
    for (let index = routes.length - 1; index >= 0; index--) {
      const uri = parseUri(routes[index]?.uri ?? '');
      const reading = isSipUri(uri) ? this.#options.tokens.read(uri.user) : undefined;
      if (reading?.outcome === 'token') return reading.worker;
    }
    return undefined;
  }

  /** Seconds for Flow-Timer (RFC 5626 4.4). */
  flowTimer(flow: Flow): string {
    return String(this.#timer(flow));
  }

  #timer({ transport }: Flow): number {
    return this.#options.flowTimerSeconds[transport.protocol];
  }

  #find(user: string | undefined): FlowLookup {
    const reading = this.#options.tokens.read(user);
    if (reading.outcome === 'none') return NONE;
    if (reading.outcome === 'forged') {
      // Made with the secret of an earlier start: whoever keeps the route must learn that it leads nowhere.
      this.counters.forgedTokens++;
      return GONE;
    }
    const { protocol, listener, peer, serial, required } = reading.content;
    const transport = this.#options.listeners[listener]?.transports.find((one) => one.protocol === protocol);
    const flow = transport === undefined ? undefined : this.table.find(transport, peer);
    if (flow?.serial === serial) {
      this.counters.followed++;
      return { outcome: 'flow', flow };
    }
    if (!required) return NONE;
    this.counters.gone++;
    return GONE;
  }
}

/** What an agent is found by: its private and public identities, else what it called itself. */
function identitiesOf({ impi, impus, subject }: Identity): readonly string[] {
  if (impi === undefined) return impus.length === 0 ? [subject] : impus;
  return [impi, ...impus];
}

/** True when the agent asked for RFC 5626: in Supported, by a reg-id, or by `ob` in its Contact (4.2, 4.3). */
export function wantsOutbound(request: SipRequest): boolean {
  if (request.has('Supported') && request.values('Supported').some((tag) => tag.toLowerCase() === 'outbound')) {
    return true;
  }
  const contact = contactOf(request);
  if (contact === undefined) return false;
  if (contact.parameters.has('reg-id')) return true;
  const uri = parseUri(contact.uri);
  return isSipUri(uri) && uri.parameters.has('ob');
}

/** True when the Contact is the address that the request came from: no NAT lies between. */
function isReachable(request: SipRequest, { transport, peer }: Flow): boolean {
  const contact = contactOf(request);
  const uri = contact === undefined ? undefined : parseUri(contact.uri);
  // An agent over TCP listens at a port of its own, which only it knows to be open.
  return isSipUri(uri) && uri.host === peer.address && (transport.reliable || (uri.port ?? 5060) === peer.port);
}

function contactOf(request: SipRequest): NameAddress | undefined {
  const value = request.has('Contact') ? request.values('Contact')[0] : undefined;
  return value === undefined ? undefined : parseNameAddress(value);
}
