import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';

import { NafId, UaSecurityProtocolId } from '../../kmc/gba/index.ts';
import { isSipUri, parseUri, type Peer } from '../../sip/index.ts';
import type { AgentConfig } from '../config/index.ts';
import { OsgateError } from '../errors.ts';
import { AgentKeyring } from './agent-keyring.ts';
import { associationOptions } from './association/association-options.ts';
import { DtlsCarrier } from './association/dtls-carrier.ts';
import { KeyFile } from './key-file.ts';
import { AgentProxy, type AgentProxyOptions } from './proxy/agent-proxy.ts';
import { SipAgent } from './sip-agent.ts';
import { SoftwareUsim } from './software-usim.ts';
import { UbClient } from './ub-client.ts';
import { UdpCarrier } from './udp-carrier.ts';

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
  const keyring = await createKeyring(config);
  const gateway = await gatewayPeer(config, config.transport === 'udp' ? 5060 : 5061);
  const carrier =
    config.transport === 'udp'
      ? new UdpCarrier({ ...config.local, gateway })
      : new DtlsCarrier({
          host: config.local.host,
          association: await associationOptions({ config, keyring, gateway, way: 'ping' }),
        });
  const { publicIdentity, gatewayFqdn } = config;
  return SipAgent.start({ carrier, publicIdentity, gatewayFqdn, keyring });
}

/** What reports on the local clients of a proxy, and the port that it got. */
export type ProxyStart = Pick<AgentProxyOptions, 'events'> & { readonly listen?: { host: string; port: number } };

/**
 * Starts the proxy that a configuration describes. It has bootstrapped before it listens, so that what is wrong with the
 * card or the key centre shows at once.
 *
 * @throws OsgateError OSGATE_AGENT_BOOTSTRAPPING, OSGATE_UICC, OSGATE_AGENT_NETWORK; SipError OSGATE_SIP_BIND_FAILED
 */
export async function startAgentProxy(config: AgentConfig, start: ProxyStart = {}): Promise<AgentProxy> {
  const keyring = await createKeyring(config);
  const { host, port, carry, maximumClients, idleSeconds } = config.proxy;
  const gateway = await gatewayPeer(config, 5061);
  const way = carry === 'sip' ? 'ping' : 'silence';
  const association = await associationOptions({ config, keyring, gateway, way });
  if (association.psk !== undefined) await keyring.keys();
  const { events, listen } = start;
  const idleMilliseconds = idleSeconds * 1000;
  return AgentProxy.open({
    host,
    port,
    ...listen,
    carry,
    maximumClients,
    idleMilliseconds,
    association,
    ...(events === undefined ? {} : { events }),
  });
}

async function gatewayPeer(config: AgentConfig, defaultPort: number): Promise<Peer> {
  const gateway = parseUri(config.gateway);
  if (!isSipUri(gateway)) throw new OsgateError('OSGATE_CONFIG_INVALID', `agent.gateway: found ${config.gateway}`);
  const { host, port = defaultPort } = gateway;
  if (isIP(host) !== 0) return { address: host, port };
  try {
    return { address: (await lookup(host)).address, port };
  } catch (error) {
    throw new OsgateError('OSGATE_AGENT_NETWORK', `the name of the gateway, ${host}, has no address`, { cause: error });
  }
}
