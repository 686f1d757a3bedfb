import { appendFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

import { cipherSuiteByName } from '../../../dtls/suites/cipher-suite.ts';
import { nodeDtlsClientSuite, type AgentConfig } from '../../config/index.ts';
import { OsgateError } from '../../errors.ts';
import type { Peer } from '../../../sip/index.ts';
import { PUSH_KEYS_NAME } from '../../../push/association/index.ts';
import type { AgentKeyring } from '../agent-keyring.ts';
import { PushAgentPsk } from '../push-use/push-agent-psk.ts';
import type { PushKeyring } from '../push-use/push-keyring.ts';
import type { GatewayAssociationOptions } from './gateway-association.ts';
import type { AssociationPsk } from './association-psk.ts';
import { GBA_HINT, GbaPsk } from './gba-psk.ts';
import type { LivenessOptions } from './liveness-check.ts';
import { nodeDtlsClient } from './node-dtls-client.ts';
import { osgateDtlsClient } from './osgate-dtls-client.ts';
import type { OpenChannel } from './secure-channel.ts';
import { StaticAgentPsk } from './static-agent-psk.ts';

/** What an association needs that a configuration describes, whoever uses it. */
export async function associationOptions(parts: {
  readonly config: AgentConfig;
  /** Absent for an agent that never bootstraps. */
  readonly keyring: AgentKeyring | undefined;
  /** Present where NAF SAs of pushes are used before anything else. */
  readonly pushKeyring?: PushKeyring | undefined;
  readonly gateway: Peer;
  readonly way: LivenessOptions['way'];
}): Promise<Pick<GatewayAssociationOptions, 'open' | 'psk' | 'reconnect' | 'maximumQueuedDatagrams' | 'liveness'>> {
  const { config, keyring, pushKeyring, gateway, way } = parts;
  const { dtls, gatewayFqdn } = config;
  const { identityForm, requireHint, reconnect, maximumQueuedDatagrams } = dtls;
  const organisation = dtls.uaSecurityProtocol === 'oma' ? 'OMA' : '3GPP';
  const pskOf = async (): Promise<AssociationPsk | undefined> => {
    if (dtls.authentication === 'certificate') return undefined;
    if (dtls.authentication === 'psk') return StaticAgentPsk.read(dtls.pskFile ?? '');
    const gba =
      keyring === undefined ? undefined : new GbaPsk({ keyring, gatewayFqdn, organisation, identityForm, requireHint });
    if (pushKeyring !== undefined) return new PushAgentPsk({ keyring: pushKeyring, requireHint, otherwise: gba });
    if (gba !== undefined) return gba;
    throw new OsgateError('OSGATE_CONFIG_INVALID', 'agent.dtls.authentication: gba-psk needs agent.ub');
  };
  return {
    open: await opener(config, gateway),
    psk: await pskOf(),
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
    const assumedHint = `${GBA_HINT};${PUSH_KEYS_NAME}`;
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
