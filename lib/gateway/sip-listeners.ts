import type { KeyCentre } from '../../kmc/index.ts';
import { NafId, UaSecurityProtocolId } from '../../kmc/index.ts';
import { UdpTransport, type Flow } from '../../sip/index.ts';
import type { AuthenticatorConfig, GatewayConfig, GbaDigestConfig, SipListenerConfig } from '../config/index.ts';
import {
  AuthenticatorChain,
  GbaDigestAuthenticator,
  KeyCache,
  TrustedAuthenticator,
  type Authenticator,
} from '../identity/index.ts';
import type { SipListener } from '../sec1/index.ts';
import { newNonceSecret } from './secrets.ts';

export interface SipListenerParts {
  readonly limits: GatewayConfig['limits'];
  readonly keyCentre: KeyCentre;
  readonly receive: (datagram: Buffer, flow: Flow) => void;
  /** A bound socket that the process inherited for this listener, in place of a new one. */
  readonly fd?: number | undefined;
}

/** A listener with what it was built of, so that a reload keeps what did not change. */
export interface OpenSipListener extends SipListener {
  readonly built: readonly BuiltAuthenticator[];
  readonly socketCounters: () => Readonly<Record<string, number>>;
  /** The final counts of authenticators that a reload replaced: a counter does not go back. */
  readonly retired: Readonly<Record<string, number>>;
}

interface BuiltAuthenticator {
  /** Everything that the authenticator was built from, as text. */
  readonly recipe: string;
  readonly authenticator: Authenticator;
  readonly counters?: () => Record<string, number>;
}

/**
 * Opens one SEC-1 SIP listener: its socket and its authenticators, as configured.
 *
 * @throws SipError OSGATE_SIP_BIND_FAILED
 */
export async function openSipListener(config: SipListenerConfig, parts: SipListenerParts): Promise<OpenSipListener> {
  const built = config.authenticators.map((settings) => build(config, settings, parts));
  // No datagram can come before `transport` is set: the socket hands them over in a later turn of the event loop.
  const transport: UdpTransport = await UdpTransport.open(
    {
      host: config.host,
      port: config.port,
      ...(config.advertised === undefined ? {} : { advertised: config.advertised }),
      ...(parts.fd === undefined ? {} : { fd: parts.fd }),
    },
    (datagram, peer) => {
      parts.receive(datagram, { transport, peer });
    },
  );
  return assemble(config, transport, () => transport.counters, built, {});
}

/**
 * The same listener, on the same socket, with the authenticators of another configuration. One whose settings are the
 * same is kept, with its keys and its nonces; of one that is replaced no nonce is good any more, since its counts are
 * gone.
 */
export function renewSipListener(
  listener: OpenSipListener,
  config: SipListenerConfig,
  parts: Omit<SipListenerParts, 'receive' | 'fd'>,
): OpenSipListener {
  const left = [...listener.built];
  const built = config.authenticators.map((settings) => {
    const recipe = recipeOf(config, settings, parts.limits);
    const index = left.findIndex((one) => one.recipe === recipe);
    const [kept] = index < 0 ? [] : left.splice(index, 1);
    return kept ?? build(config, settings, parts);
  });
  const retired = total([listener.retired, ...left.map(({ counters }) => counters?.() ?? {})]);
  return assemble(config, listener.transport, listener.socketCounters, built, retired);
}

function assemble(
  config: SipListenerConfig,
  transport: SipListener['transport'],
  socketCounters: () => Readonly<Record<string, number>>,
  built: readonly BuiltAuthenticator[],
  retired: Readonly<Record<string, number>>,
): OpenSipListener {
  const authenticators = built.map(({ authenticator }) => authenticator);
  const trusted = authenticators.filter((authenticator) => authenticator instanceof TrustedAuthenticator);
  return {
    name: config.name,
    fqdn: config.fqdn,
    transport,
    authenticators: new AuthenticatorChain({
      authenticators,
      unauthenticatedMethods: config.unauthenticatedMethods,
    }),
    counters: () => total([prefixed('udp', socketCounters()), retired, ...built.map((one) => one.counters?.() ?? {})]),
    trusts: (address) => trusted.some((authenticator) => authenticator.trusts(address)),
    socketCounters,
    built,
    retired,
  };
}

function build(
  listener: SipListenerConfig,
  settings: AuthenticatorConfig,
  parts: Omit<SipListenerParts, 'receive' | 'fd'>,
): BuiltAuthenticator {
  const recipe = recipeOf(listener, settings, parts.limits);
  if (settings.type === 'trusted') {
    return { recipe, authenticator: new TrustedAuthenticator({ peers: settings.peers }) };
  }
  const { authenticator, keys } = gbaDigest(listener, settings, parts);
  return {
    recipe,
    authenticator,
    counters: () => ({ ...prefixed('nonce', authenticator.nonceCounters), ...prefixed('key', keys.counters) }),
  };
}

function recipeOf(
  { realm, fqdn }: SipListenerConfig,
  settings: AuthenticatorConfig,
  { maximumNonces, nonceCountWindow }: GatewayConfig['limits'],
): string {
  return JSON.stringify({ realm, fqdn, settings, maximumNonces, nonceCountWindow });
}

function gbaDigest(
  listener: SipListenerConfig,
  settings: GbaDigestConfig,
  { limits, keyCentre }: Omit<SipListenerParts, 'receive' | 'fd'>,
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
    nonceSecret: newNonceSecret(),
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

function prefixed(prefix: string, counters: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counters).map(([name, count]) => [`${prefix}-${name}`, count]));
}
