export { AUTHENTICATION_REFUSALS, type AuthenticationRefusal } from './authentication-refusals.ts';
export { addInitiatorMetrics } from './initiator-metrics.ts';
export {
  openInitiatorServer,
  type InitiatorServer,
  type InitiatorServerCounters,
  type InitiatorServerParts,
} from './initiator-server.ts';
export { initiatorsOf } from './initiators-of.ts';
