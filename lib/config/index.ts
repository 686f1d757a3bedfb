export { nodeDtlsClientSuite } from './agent-checks.ts';
export { CHANNEL_AUTHENTICATOR_TYPES } from './channel-authenticators.ts';
export { loadConfig, parseConfig } from './load.ts';
export {
  parseUdpAddress,
  pushFqdn,
  type PushAddressConfig,
  type PushCarrierConfig,
  type PushConfig,
  type SipCarrierConfig,
  type UdpCarrierConfig,
} from './push.ts';
export { requireSection } from './require-section.ts';
export { maskSecrets } from './secrets.ts';
export type {
  AdminConfig,
  AdmissionConfig,
  AgentConfig,
  AgentDtlsConfig,
  AgentProxyConfig,
  AgentPushConfig,
  AuthenticatorConfig,
  ChannelAuthenticatorConfig,
  Config,
  DatagramListenerConfig,
  DigestConfig,
  DtlsConfig,
  GatewayConfig,
  GbaDigestConfig,
  HepConfig,
  KeyCentreConfig,
  KmcConfig,
  LimitsConfig,
  LogConfig,
  NbspConfig,
  OpsConfig,
  PskConfig,
  PushDigestConfig,
  SipListenerConfig,
  SipTargetConfig,
  SupervisionConfig,
  TimersConfig,
  TrustedConfig,
  UbConfig,
} from './schema.ts';
