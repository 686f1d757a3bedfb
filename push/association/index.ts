export { AgentAssociations, type AgentOpening } from './agent-associations.ts';
export type { AssociationStore } from './association-store.ts';
export {
  GatewayAssociations,
  type GatewayAssociation,
  type GatewayOpening,
  type KeptSetting,
} from './gateway-associations.ts';
export {
  GpiReceiver,
  type GpiOutcome,
  type GpiReceiverOptions,
  type GpiRefusal,
  type PushUicc,
  type PushUiccAnswer,
} from './gpi-receiver.ts';
export type { NafSecurityAssociation } from './naf-security-association.ts';
export {
  derivePushPassword,
  derivePushPsk,
  formatPushPskIdentity,
  parsePushPskIdentity,
  PUSH_KEYS_NAME,
  pushRealm,
} from './ua-credentials.ts';
