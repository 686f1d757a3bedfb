export { createKeyring, startAgentProxy, startSipAgent, type ProxyStart } from './agent.ts';
export { AgentKeyring, type AgentKeyringOptions } from './agent-keyring.ts';
export { nafKey, nafPassword, type BootstrappedKeys } from './bootstrapped-keys.ts';
export { KeyFile } from './key-file.ts';
export { AgentProxy, type AgentProxyEvents, type AgentProxyOptions } from './proxy/agent-proxy.ts';
export { CommandApplication, type CommandApplicationOptions } from './push/command-application.ts';
export { printApplication, type PrintOptions } from './push/print-application.ts';
export { PushListener, type PushListenerEvents, type PushListenerOptions } from './push/push-listener.ts';
export { openAgentPushStore, type AgentPushStore } from './push/agent-push-store.ts';
export { parsePidfLo, type Location } from './pidf-lo.ts';
export {
  SipAgent,
  type AgentRequest,
  type AgentResponse,
  type AgentSubscription,
  type Notification,
  type SipAgentOptions,
} from './sip-agent.ts';
export { SoftwareUsim, type SoftwareUsimOptions } from './software-usim.ts';
export { UbClient, type UbClientOptions } from './ub-client.ts';
export type { Uicc, UiccAnswer } from './uicc.ts';
