import { readFile } from 'node:fs/promises';

import { NafId, UaSecurityProtocolId } from '../../kmc/gba/index.ts';
import { isSipUri, parseUri } from '../../sip/index.ts';
import type { AgentConfig } from '../config/index.ts';
import { OsgateError } from '../errors.ts';
import { AgentKeyring } from './agent-keyring.ts';
import { KeyFile } from './key-file.ts';
import { SipAgent } from './sip-agent.ts';
import { SoftwareUsim } from './software-usim.ts';
import { UbClient } from './ub-client.ts';

/** The keyring of the agent that a configuration describes: software USIM, Ub client, key file. */
export async function createKeyring(config: AgentConfig): Promise<AgentKeyring> {
  const { usim, ub } = config;
  const uicc = new SoftwareUsim({
    k: Buffer.from(usim.k, 'hex'),
    ...(usim.opc === undefined ? {} : { opc: Buffer.from(usim.opc, 'hex') }),
    ...(usim.op === undefined ? {} : { op: Buffer.from(usim.op, 'hex') }),
    ...(usim.amf === undefined ? {} : { amf: Buffer.from(usim.amf, 'hex') }),
    ...(usim.sqnFile === undefined ? {} : { sqnFile: usim.sqnFile }),
  });
  const client = new UbClient({
    url: ub.url,
    impi: config.impi,
    uicc,
    timeoutMilliseconds: config.timeoutMilliseconds,
    ...(ub.authorities === undefined ? {} : { authorities: await readFile(ub.authorities) }),
  });
  return new AgentKeyring({
    impi: config.impi,
    nafId: new NafId(config.gatewayFqdn, UaSecurityProtocolId.parse(config.uaSecurityProtocolId)),
    bootstrap: () => client.bootstrap(),
    ...(config.keyCache === undefined ? {} : { file: new KeyFile(config.keyCache) }),
  });
}

/** Starts the SIP user agent that a configuration describes. */
export async function startSipAgent(config: AgentConfig): Promise<SipAgent> {
  const gateway = parseUri(config.gateway);
  if (!isSipUri(gateway)) throw new OsgateError('OSGATE_CONFIG_INVALID', `agent.gateway: found ${config.gateway}`);
  return SipAgent.start({
    transport: { ...config.local, gateway: { address: gateway.host, port: gateway.port ?? 5060 } },
    publicIdentity: config.publicIdentity,
    gatewayFqdn: config.gatewayFqdn,
    keyring: await createKeyring(config),
  });
}
