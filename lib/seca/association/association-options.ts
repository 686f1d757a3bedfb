import { appendFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

import { cipherSuiteByName } from '../../../dtls/suites/cipher-suite.ts';
import { nodeDtlsClientSuite, type AgentConfig } from '../../config/index.ts';
import { OsgateError } from '../../errors.ts';
import type { Peer } from '../../../sip/index.ts';
import type { AgentKeyring } from '../agent-keyring.ts';
import type { GatewayAssociationOptions } from './gateway-association.ts';
import { GBA_HINT, GbaPsk } from './gba-psk.ts';
import type { LivenessOptions } from './liveness-check.ts';
import { nodeDtlsClient } from './node-dtls-client.ts';
import { osgateDtlsClient } from './osgate-dtls-client.ts';
import type { OpenChannel } from './secure-channel.ts';

/** What an association needs that a configuration describes, whoever uses it. */
export async function associationOptions(parts: {
  readonly config: AgentConfig;
  readonly keyring: AgentKeyring;
  readonly gateway: Peer;
  readonly way: LivenessOptions['way'];
}): Promise<Pick<GatewayAssociationOptions, 'open' | 'psk' | 'reconnect' | 'maximumQueuedDatagrams' | 'liveness'>> {
  const { config, keyring, gateway, way } = parts;
  const { dtls, gatewayFqdn } = config;
  const { identityForm, requireHint, reconnect, maximumQueuedDatagrams } = dtls;
  const organisation = dtls.uaSecurityProtocol === 'oma' ? 'OMA' : '3GPP';
  return {
    open: await opener(config, gateway),
    psk:
      dtls.authentication === 'gba-psk'
        ? new GbaPsk({ keyring, gatewayFqdn, organisation, identityForm, requireHint })
        : undefined,
    reconnect,
    maximumQueuedDatagrams,
    liveness: {
      way,
      intervalMilliseconds: dtls.keepAliveSeconds * 1000,
      answerMilliseconds: dtls.answerSeconds * 1000,
    },
  };
}

async function opener(config: AgentConfig, gateway: Peer): Promise<OpenChannel> {
  const { dtls, local, gatewayFqdn: serverName, timeoutMilliseconds } = config;
  if (dtls.client === 'node-dtls-client') {
    const cipherSuite = nodeDtlsClientSuite(dtls.cipherSuites) ?? '';
    const cipherSuiteCode = codeOf(cipherSuite);
    const assumedHint = GBA_HINT;
    return nodeDtlsClient({
      gateway,
      localPort: local.port,
      cipherSuite,
      cipherSuiteCode,
      assumedHint,
      timeoutMilliseconds,
    });
  }
  const { cipherSuites, connectionId, mtu, keyLog } = dtls;
  return osgateDtlsClient({
    gateway,
    local,
    serverName,
    cipherSuites,
    connectionId,
    mtu,
    timeoutMilliseconds,
    cipherSuiteCode: codeOf,
    authorities: await textOf(dtls.authorities),
    certificate: await textOf(dtls.certificate),
    privateKey: await textOf(dtls.privateKey),
    keyLog:
      keyLog === undefined
        ? undefined
        : (line) => {
            appendFileSync(keyLog, `${line}\n`, { mode: 0o600 });
          },
  });
}

/** The configuration lets only names of suites pass that there are. */
function codeOf(cipherSuite: string): number {
  return cipherSuiteByName(cipherSuite)?.code ?? 0;
}

async function textOf(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new OsgateError('OSGATE_CONFIG_INVALID', `agent.dtls: cannot read ${path}`, { cause: error });
  }
}
