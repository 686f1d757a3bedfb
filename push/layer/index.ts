export { PUSH_CIPHER_SUITES, pushCipherSuite, type PushCipherSuite } from './cipher-suites.ts';
export { PushLayerReceiver, PushLayerSender, type PushLayerFailure, type PushLayerOpening } from './push-layer.ts';
export { parsePushLayerMessage, type PushLayerMessage } from './push-layer-message.ts';
export { formatSecurityAssociationId, type SecurityAssociationId } from './security-association-id.ts';
