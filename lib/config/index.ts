export { loadConfig, parseConfig } from './load.ts';
export { requireSection } from './require-section.ts';
export { maskSecrets } from './secrets.ts';
export type {
  AdmissionConfig,
  AgentConfig,
  AuthenticatorConfig,
  Config,
  DigestConfig,
  GatewayConfig,
  GbaDigestConfig,
  KeyCentreConfig,
  KmcConfig,
  LimitsConfig,
  LogConfig,
  NbspConfig,
  OpsConfig,
  SipListenerConfig,
  SipTargetConfig,
  TimersConfig,
  TrustedConfig,
  UbConfig,
} from './schema.ts';
