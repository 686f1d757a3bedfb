import type { DigestUserSource, KeyCentre } from '../../kmc/index.ts';
import { NafId, UaSecurityProtocolId } from '../../kmc/index.ts';
import type { GbaDigestConfig, SipListenerConfig } from '../config/index.ts';
import {
  AuthenticatorChain,
  GbaDigestAuthenticator,
  KeyCache,
  TrustedAuthenticator,
  type Authenticator,
} from '../identity/index.ts';
import type { SipListener } from '../sec1/index.ts';
import { buildDigestAuthenticator } from './digest-users.ts';
import { openTransports, prefixed, type TransportHandler, type TransportSettings } from './listener-transports.ts';
import type { GatewaySecrets } from './secrets.ts';

export interface SipListenerParts extends TransportSettings {
  readonly keyCentre: KeyCentre;
  /** The users of `digest` authenticators; absent where the configuration has none of those. */
  readonly users: DigestUserSource | undefined;
  readonly secrets: GatewaySecrets;
  readonly handler: TransportHandler;
}

/**
 * Opens one SEC-1 SIP listener: its sockets and its authenticators, as configured.
 *
 * @throws SipError OSGATE_SIP_BIND_FAILED
 */
export async function openSipListener(config: SipListenerConfig, parts: SipListenerParts): Promise<SipListener> {
  const trusted: TrustedAuthenticator[] = [];
  const digests: { readonly authenticator: GbaDigestAuthenticator; readonly keys: KeyCache }[] = [];
  const passwords: ReturnType<typeof buildDigestAuthenticator>[] = [];
  const authenticators = config.authenticators.flatMap((settings): Authenticator[] => {
    if (settings.type === 'gba-digest') {
      const digest = gbaDigest(config, settings, parts);
      digests.push(digest);
      return [digest.authenticator];
    }
    if (settings.type === 'digest') {
      if (parts.users === undefined) return [];
      const digest = buildDigestAuthenticator(settings, parts.users, parts);
      passwords.push(digest);
      return [digest.authenticator];
    }
    const authenticator = new TrustedAuthenticator({ peers: settings.peers });
    trusted.push(authenticator);
    return [authenticator];
  });
  const opened = await openTransports(config, parts, parts.handler);
  const { transports } = opened;
  return {
    name: config.name,
    fqdn: config.fqdn,
    transport: transports[0],
    transports,
    authenticators: new AuthenticatorChain({
      authenticators,
      unauthenticatedMethods: config.unauthenticatedMethods,
    }),
    counters: () => ({
      ...opened.counters(),
      ...total([...digests, ...passwords].map(({ authenticator }) => prefixed('nonce', authenticator.nonceCounters))),
      ...total(digests.map(({ keys }) => prefixed('key', keys.counters))),
      ...total(passwords.map(({ users }) => prefixed('user', users.counters))),
    }),
    ...(config.requires === undefined ? {} : { requires: config.requires }),
    nonceFill: () => Math.max(0, ...[...digests, ...passwords].map(({ authenticator }) => authenticator.nonceFill)),
    trusts: (address) => trusted.some((authenticator) => authenticator.trusts(address)),
  };
}

function gbaDigest(
  listener: SipListenerConfig,
  settings: GbaDigestConfig,
  { limits, keyCentre, secrets }: SipListenerParts,
): { authenticator: GbaDigestAuthenticator; keys: KeyCache } {
  const keys = new KeyCache({ keyCentre, maximumKeys: settings.keyCacheMaximum });
  const authenticator = new GbaDigestAuthenticator({
    realm: listener.realm,
    nafId: new NafId(listener.fqdn, UaSecurityProtocolId.parse(settings.uaSecurityProtocolId)),
    keys,
    gsids: settings.gsids,
    algorithms: settings.algorithms,
    qop: settings.qop,
    challenge: settings.challenge,
    nonceSecret: secrets.nonces,
    nonceLifetimeSeconds: settings.nonceLifetimeSeconds,
    nonceCountWindow: limits.nonceCountWindow,
    maximumNonces: limits.maximumNonces,
  });
  return { authenticator, keys };
}

/** Counters of several parts, added up by name. */
export function total(parts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const part of parts) {
    for (const [name, count] of Object.entries(part)) sums[name] = (sums[name] ?? 0) + count;
  }
  return sums;
}
