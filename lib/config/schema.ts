import type { z } from 'zod';
import { agentChecks } from './agent-checks.ts';
import { agentSection } from './agent.ts';
import { crossChecks } from './cross-checks.ts';
import { dtlsChecks } from './dtls-checks.ts';
import { gatewaySection } from './gateway.ts';
import { identityChecks } from './identity-checks.ts';
import { kmcSection } from './kmc.ts';
import { logSection } from './log.ts';
import { opsSection } from './ops.ts';
import { pushChecks } from './push-checks.ts';
import { filePath, section } from './values.ts';

/** The schema of a whole configuration file; relative file names in it are relative to `folder`. */
export function configSchema(folder: string) {
  const file = filePath(folder);
  return section({
    log: logSection().prefault({}).describe('Logs, on standard output.'),
    kmc: kmcSection(file).optional().describe('The key centre.'),
    gateway: gatewaySection(file).optional().describe('The gateway.'),
    ops: opsSection(file).optional().describe('What operators watch.'),
    agent: agentSection(file).optional().describe('The agent.'),
  })
    .superRefine(crossChecks)
    .superRefine(identityChecks)
    .superRefine(dtlsChecks)
    .superRefine(pushChecks)
    .superRefine(agentChecks);
}

/** A value and everything in it, as nobody may change it. */
export type DeepReadonly<T> = T extends readonly (infer Entry)[]
  ? readonly DeepReadonly<Entry>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;

/** A configuration, checked and with every default filled in. */
export type Config = DeepReadonly<z.infer<ReturnType<typeof configSchema>>>;

export type LogConfig = Config['log'];
export type OpsConfig = NonNullable<Config['ops']>;
export type AdminConfig = NonNullable<OpsConfig['admin']>;
export type HepConfig = NonNullable<OpsConfig['hep']>;
export type KmcConfig = NonNullable<Config['kmc']>;
export type UbConfig = NonNullable<KmcConfig['ub']>;
export type NbspConfig = NonNullable<KmcConfig['nbsp']>;
export type GatewayConfig = NonNullable<Config['gateway']>;
export type KeyCentreConfig = GatewayConfig['keyCentre'];
export type SipListenerConfig = GatewayConfig['sec1']['sip'][number];
export type AuthenticatorConfig = SipListenerConfig['authenticators'][number];
export type GbaDigestConfig = Extract<AuthenticatorConfig, { readonly type: 'gba-digest' }>;
export type DigestConfig = Extract<AuthenticatorConfig, { readonly type: 'digest' }>;
export type PushDigestConfig = Extract<AuthenticatorConfig, { readonly type: 'push-digest' }>;
export type TrustedConfig = Extract<AuthenticatorConfig, { readonly type: 'trusted' }>;
export type ChannelAuthenticatorConfig = DatagramListenerConfig['authenticators'][number];
export type DatagramListenerConfig = GatewayConfig['sec1']['datagram'][number];
export type PskConfig = Extract<ChannelAuthenticatorConfig, { readonly type: 'psk' }>;
export type DtlsConfig = GatewayConfig['dtls'];
export type SipTargetConfig = GatewayConfig['sec3']['sip'][number];
export type LimitsConfig = GatewayConfig['limits'];
export type AdmissionConfig = GatewayConfig['admission'];
export type SupervisionConfig = GatewayConfig['supervision'];
export type TimersConfig = GatewayConfig['timers'];
export type AgentConfig = NonNullable<Config['agent']>;
export type AgentDtlsConfig = AgentConfig['dtls'];
export type AgentProxyConfig = AgentConfig['proxy'];
export type AgentPushConfig = AgentConfig['push'];
