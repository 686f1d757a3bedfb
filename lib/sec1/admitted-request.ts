import type { SipResponse } from '../../sip/index.ts';
import type { AuthenticationResult, Identity } from '../identity/index.ts';
import type { ActiveRule } from '../sec3/index.ts';
import type { AgentFlow } from './flow-table.ts';
import type { SipListener } from './sip-listener.ts';

/** What was settled about a request when it was let in; kept until its response goes back. */
export class AdmittedRequest {
  /** Where the request came in. */
  readonly listener: SipListener;
  /** True for a peer of the inside, who asserts identities for itself. */
  readonly trusted: boolean;
  /** Whose request it is, with the public identities that are good for it. */
  readonly identity: Identity;
  /** The URIs for P-Asserted-Identity; a target may allow fewer. */
  asserted: readonly string[];
  /** The flow of the agent that the request came by, once it was looked for. */
  agentFlow: AgentFlow | 'none' | undefined;
  /** Seconds for the Flow-Timer of the response, when the agent was offered a flow (RFC 5626 4.4). */
  flowTimer: string | undefined;
  /** The rule of SEC-3 that chose where the request goes. */
  rule: ActiveRule | undefined;
  readonly #result: Extract<AuthenticationResult, { outcome: 'authenticated' }>;

  constructor(
    listener: SipListener,
    result: Extract<AuthenticationResult, { outcome: 'authenticated' }>,
    identity: Identity,
    asserted: readonly string[],
  ) {
    this.listener = listener;
    this.trusted = identity.scheme === 'trusted';
    this.identity = identity;
    this.asserted = asserted;
    this.#result = result;
  }

  /** Adds what proves the gateway to the agent. */
  decorate(response: SipResponse): void {
    this.#result.decorate?.(response);
  }
}
