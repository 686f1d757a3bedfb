export * from './admission/index.ts';
export { DIALOG_TOKEN_PARAMETER, DialogTokens } from './dialog-token.ts';
export type { EdgeEvents, EdgeRefusal } from './edge-events.ts';
export { SipEdge, type SipEdgeOptions } from './sip-edge.ts';
export type { SipListener } from './sip-listener.ts';
export { SipRouter, type Hop, type RouteDecision, type RoutedRequest } from './sip-route.ts';
