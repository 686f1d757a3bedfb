import type { Flow, ProxyContext, Transport } from '../../sip/index.ts';
import type { AdmittedRequest } from './admitted-request.ts';
import { wantsOutbound, type AgentFlows } from './agent-flows.ts';
import { DIALOG_TOKEN_PARAMETER, type DialogTokens } from './dialog-token.ts';
import type { AgentFlow } from './flow-table.ts';

/** What the gateway's own Record-Route and Path values are made with. */
export interface OwnRoutesParts {
  readonly tokens: DialogTokens;
  readonly flows: AgentFlows;
}

/**
 * Record-Route and Path values of ours for a request, top first: the side that we send from, then the side that the request
 * came in by; one where both are the same. Each has the proof of the dialog, and on the side of an agent the token of its
 * flow, which this enters (RFC 5626 5.1, 5.2).
 *
 * @param departure where the request goes
 * @param towards the flow of the agent that it goes to, if it follows one
 */
export function ownRoutes(
  { request, flow }: ProxyContext,
  admission: AdmittedRequest,
  departure: Flow,
  towards: AgentFlow | undefined,
  { tokens, flows }: OwnRoutesParts,
): string[] {
  const proof = tokens.issue(request.callId);
  const value = ({ protocol, sentBy }: Transport, agent: AgentFlow | undefined, parameters: string): string => {
    const user = agent === undefined ? '' : `${flows.token(agent)}@`;
    const transport = protocol === 'UDP' ? '' : `;transport=${protocol.toLowerCase()}`;
    return `<sip:${user}${sentBy}${transport};lr${parameters};${DIALOG_TOKEN_PARAMETER}=${proof}>`;
  };
  // Once for all the targets of a request.
  admission.agentFlow ??= admission.trusted
    ? 'none'
    : (flows.enter(request, flow, admission.listener, admission.identity) ?? 'none');
  const from = admission.agentFlow === 'none' ? undefined : admission.agentFlow;
  // Only who sees the agent itself may offer outbound (RFC 5626 5.1).
  const first = request.method === 'REGISTER' && from !== undefined && request.values('Via').length === 1;
  const outbound = first && wantsOutbound(request);
  if (outbound) admission.flowTimer = flows.flowTimer(flow);
  const parameters = outbound ? ';ob' : '';
  if (flow.transport === departure.transport) return [value(flow.transport, from ?? towards, parameters)];
  return [value(departure.transport, towards, ''), value(flow.transport, from, parameters)];
}
