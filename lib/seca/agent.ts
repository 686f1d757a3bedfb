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
import { bootstrappedDigest, pushDigest } from './digest-source.ts';
import { KeyFile } from './key-file.ts';
import { AgentProxy, type AgentProxyOptions } from './proxy/agent-proxy.ts';
import { openAgentPushStore } from './push/agent-push-store.ts';
import { PushKeyring, type PushKeyringOptions } from './push-use/push-keyring.ts';
import { SipAgent } from './sip-agent.ts';
import { SoftwareUsim } from './software-usim.ts';
import { UbClient } from './ub-client.ts';
import { UdpCarrier } from './udp-carrier.ts';
import type { Uicc } from './uicc.ts';

/** Where `agent.gateway` names no port (RFC 3261 19.1.2). */
export const UDP_DEFAULT_PORT = 5060;
export const DTLS_DEFAULT_PORT = 5061;

/** The card of the agent that a configuration describes. */
export function createUsim({ usim }: Pick<AgentConfig, 'usim'>): SoftwareUsim {
  return new SoftwareUsim({
    k: Buffer.from(usim.k, 'hex'),
    ...(usim.opc === undefined ? {} : { opc: Buffer.from(usim.opc, 'hex') }),
    ...(usim.op === undefined ? {} : { op: Buffer.from(usim.op, 'hex') }),
    ...(usim.amf === undefined ? {} : { amf: Buffer.from(usim.amf, 'hex') }),
    ...(usim.sqnFile === undefined ? {} : { sqnFile: usim.sqnFile }),
  });
}

/**
 * The keyring of the agent that a configuration describes: card, Ub client, key file.
 *
 * @throws OsgateError OSGATE_CONFIG_INVALID without `ub`
 */
export async function createKeyring(config: AgentConfig, uicc: Uicc = createUsim(config)): Promise<AgentKeyring> {
  const { ub } = config;
  if (ub === undefined) {
    throw new OsgateError('OSGATE_CONFIG_INVALID', 'agent.ub: missing, and without it the agent cannot bootstrap');
  }
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
  const { keyring, pushKeyring } = await openKeys(config);
  const gateway = await gatewayPeer(config, config.transport === 'udp' ? UDP_DEFAULT_PORT : DTLS_DEFAULT_PORT);
  const carrier =
    config.transport === 'udp'
      ? new UdpCarrier({ ...config.local, gateway })
      : new DtlsCarrier({
          host: config.local.host,
          association: await associationOptions({ config, keyring, pushKeyring, gateway, way: 'ping' }),
        });
  const { publicIdentity, gatewayFqdn } = config;
  const bootstrapped = keyring === undefined ? undefined : bootstrappedDigest(keyring, gatewayFqdn);
  const digest = pushKeyring === undefined ? bootstrapped : pushDigest(pushKeyring, bootstrapped);
  if (digest === undefined) throw new TypeError('an agent has keys of one kind at least');
  return SipAgent.start({ carrier, publicIdentity, digest });
}

/** The kinds of keys that `agent.keys` asks for; one of them at least is there. */
async function openKeys(
  config: AgentConfig,
): Promise<{ readonly keyring: AgentKeyring | undefined; readonly pushKeyring: PushKeyring | undefined }> {
  const { keys, ub, gatewayFqdn } = config;
  const mayBootstrap = keys === 'bootstrap' || (keys === 'any' && ub !== undefined);
  return {
    keyring: mayBootstrap ? await createKeyring(config) : undefined,
    pushKeyring: keys === 'bootstrap' ? undefined : new PushKeyring({ gatewayFqdn, newest: newestOf(config) }),
  };
}

/** The file is opened for each look: `osgate agent listen` may write to it, and nobody has to close it. */
function newestOf(config: AgentConfig): PushKeyringOptions['newest'] {
  return async (gatewayFqdn) => {
    const store = openAgentPushStore(config);
    try {
      return await store.newest(gatewayFqdn);
    } finally {
      await store.close();
    }
  };
}

/** What reports on the local clients of a proxy, and the port that it got. */
export type ProxyStart = Pick<AgentProxyOptions, 'events'> & { readonly listen?: { host: string; port: number } };

/**
 * Starts the proxy that a configuration describes. Unless it has keys of pushes, it has bootstrapped before it listens, so that what is wrong with the
 * card or the key centre shows at once.
 *
 * @throws OsgateError OSGATE_AGENT_BOOTSTRAPPING, OSGATE_UICC, OSGATE_AGENT_NETWORK; SipError OSGATE_SIP_BIND_FAILED
 */
export async function startAgentProxy(config: AgentConfig, start: ProxyStart = {}): Promise<AgentProxy> {
  const { keyring, pushKeyring } = await openKeys(config);
  const { host, port, carry, maximumClients, idleSeconds } = config.proxy;
  const gateway = await gatewayPeer(config, DTLS_DEFAULT_PORT);
  const way = carry === 'sip' ? 'ping' : 'silence';
  const association = await associationOptions({ config, keyring, pushKeyring, gateway, way });
  if (association.psk !== undefined && pushKeyring === undefined) await keyring?.keys();
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

export async function gatewayPeer(config: AgentConfig, defaultPort: number): Promise<Peer> {
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
