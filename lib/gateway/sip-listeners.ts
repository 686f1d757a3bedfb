import type { DigestUserSource } from '../../kmc/index.ts';
import { NafId, UaSecurityProtocolId } from '../../kmc/index.ts';
import type { Transport } from '../../sip/index.ts';
import type {
  AuthenticatorConfig,
  DtlsConfig,
  GatewayConfig,
  GbaDigestConfig,
  SipListenerConfig,
} from '../config/index.ts';
import {
  AuthenticatorChain,
  ChannelProofs,
  GbaDigestAuthenticator,
  KeyCache,
  TrustedAuthenticator,
  type Authenticator,
  type ChannelProofParts,
  type SecurityRequirement,
} from '../identity/index.ts';
import type { DtlsSipTransport, SipListener } from '../sec1/index.ts';
import { buildDigestAuthenticator } from './digest-users.ts';
import {
  buildChannelAuthenticator,
  channelProofParts,
  channelRecipe,
  checkPskHint,
  isChannelConfig,
  pskHint,
  type BuiltChannelAuthenticator,
  type KeySources,
} from './dtls/channel-authenticators.ts';
import type { DtlsParts } from './dtls/dtls-parts.ts';
import { readCertificates } from './dtls/server-options.ts';
import { openSipChannel } from './dtls/sip-channel.ts';
import {
  openTransports,
  prefixed,
  type ListenerTransports,
  type TransportHandler,
  type TransportSettings,
} from './listener-transports.ts';
import { buildPushDigest } from './push-digest.ts';
import { newNonceSecret } from './secrets.ts';

/** What authenticators are made with besides their own settings. */
export interface AuthenticatorParts extends KeySources {
  readonly limits: GatewayConfig['limits'];
  /** The users of `digest` authenticators; absent where the configuration had none of those at the start. */
  readonly users: DigestUserSource | undefined;
}

export interface SipListenerParts extends AuthenticatorParts, TransportSettings {
  readonly handler: TransportHandler;
  readonly dtls: DtlsParts;
}

interface BuiltAuthenticator {
  /** Everything that the authenticator was built from, as text. */
  readonly recipe: string;
  readonly authenticator: Authenticator;
  readonly counters?: () => Record<string, number>;
  /** What it knows of handshakes, where it judges those. */
  readonly channel?: BuiltChannelAuthenticator;
}

/** How a listener judges its peers; a reload puts another one in its place, whole. */
interface Judgement {
  readonly chain: AuthenticatorChain;
  readonly requires: readonly SecurityRequirement[] | undefined;
  readonly built: readonly BuiltAuthenticator[];
  readonly trusted: readonly TrustedAuthenticator[];
  /** The final counts of authenticators that reloads have replaced: a counter does not go back. */
  readonly retired: Readonly<Record<string, number>>;
}

/** A SEC-1 SIP listener with its sockets, which stay, and its authenticators, which a reload may replace. */
export class GatewayListener implements SipListener {
  readonly name: string;
  readonly fqdn: string;
  readonly transport: Transport;
  readonly transports: readonly Transport[];
  readonly dtls: DtlsSipTransport | undefined;
  readonly #sockets: ListenerTransports;
  readonly #proofs: ChannelProofs;
  readonly #pskOffer: ReturnType<typeof pskHint>;
  #judgement: Judgement;

  private constructor(
    config: SipListenerConfig,
    sockets: ListenerTransports,
    proofs: ChannelProofs,
    judgement: Judgement,
  ) {
    this.name = config.name;
    this.fqdn = config.fqdn;
    this.transport = sockets.transports[0];
    this.transports = sockets.transports;
    this.dtls = sockets.dtls;
    this.#sockets = sockets;
    this.#proofs = proofs;
    this.#pskOffer = pskHint(config.authenticators);
    this.#judgement = judgement;
  }

  /**
   * Opens a listener as configured.
   *
   * @throws SipError OSGATE_SIP_BIND_FAILED; OsgateError OSGATE_CONFIG_INVALID and DtlsError for files of DTLS
   */
  static async open(config: SipListenerConfig, parts: SipListenerParts): Promise<GatewayListener> {
    const judgement = judge(config, parts, [], {});
    const proofs = new ChannelProofs(channelPartsOf(judgement));
    const sockets = await openTransports(config, parts, parts.handler, (user) =>
      openSipChannel(config, parts.dtls, { proofs, authorities: authoritiesOf(judgement), user }),
    );
    return new GatewayListener(config, sockets, proofs, judgement);
  }

  async close(): Promise<void> {
    await this.#sockets.close();
  }

  get authenticators(): AuthenticatorChain {
    return this.#judgement.chain;
  }

  get requires(): readonly SecurityRequirement[] | undefined {
    return this.#judgement.requires;
  }

  /**
   * Prepares the authenticators of another configuration; calling the result puts them in force. One whose settings are the
   * same is kept, with its keys and its nonces; of one that is replaced no nonce is good any more, since its counts are gone.
   */
  renew(config: SipListenerConfig, parts: AuthenticatorParts, dtls: DtlsConfig): () => void {
    const { built, retired } = this.#judgement;
    const next = judge(config, parts, built, retired);
    if (this.dtls !== undefined) checkPskHint(config, this.#pskOffer);
    const renewChannel = this.dtls?.channel.renew(readCertificates(dtls), authoritiesOf(next));
    return () => {
      this.#judgement = next;
      renewChannel?.();
      this.#proofs.replace(channelPartsOf(next));
    };
  }

  counters(): Readonly<Record<string, number>> {
    const { built, retired } = this.#judgement;
    return total([this.#sockets.counters(), retired, ...built.map(({ counters }) => counters?.() ?? {})]);
  }

  nonceFill(): number {
    let fullest = 0;
    for (const { authenticator } of this.#judgement.built) {
      if ('nonceFill' in authenticator && typeof authenticator.nonceFill === 'number') {
        fullest = Math.max(fullest, authenticator.nonceFill);
      }
    }
    return fullest;
  }

  trusts(address: string): boolean {
    return this.#judgement.trusted.some((authenticator) => authenticator.trusts(address));
  }
}

function judge(
  config: SipListenerConfig,
  parts: AuthenticatorParts,
  previous: readonly BuiltAuthenticator[],
  retiredBefore: Readonly<Record<string, number>>,
): Judgement {
  const left = [...previous];
  const built = config.authenticators.flatMap((settings): BuiltAuthenticator[] => {
    const recipe = recipeOf(config, settings, parts.limits);
    const index = left.findIndex((one) => one.recipe === recipe);
    const [kept] = index < 0 ? [] : left.splice(index, 1);
    const authenticator = kept ?? build(config, settings, recipe, parts);
    return authenticator === undefined ? [] : [authenticator];
  });
  const authenticators = built.map(({ authenticator }) => authenticator);
  return {
    chain: new AuthenticatorChain({ authenticators, unauthenticatedMethods: config.unauthenticatedMethods }),
    requires: config.requires,
    built,
    trusted: authenticators.filter((authenticator) => authenticator instanceof TrustedAuthenticator),
    retired: total([retiredBefore, ...left.map(({ counters }) => counters?.() ?? {})]),
  };
}

function channelPartsOf({ built }: Judgement): ChannelProofParts {
  return channelProofParts(built.map(({ channel }) => channel ?? {}));
}

function authoritiesOf({ built }: Judgement): string | undefined {
  return built.find(({ channel }) => channel?.authorities !== undefined)?.channel?.authorities;
}

function build(
  listener: SipListenerConfig,
  settings: AuthenticatorConfig,
  recipe: string,
  parts: AuthenticatorParts,
): BuiltAuthenticator | undefined {
  if (isChannelConfig(settings)) {
    const channel = buildChannelAuthenticator(listener.fqdn, settings, parts);
    return { recipe, authenticator: channel.authenticator, counters: channel.counters, channel };
  }
  switch (settings.type) {
    case 'trusted':
      return { recipe, authenticator: new TrustedAuthenticator({ peers: settings.peers }) };
    case 'digest': {
      if (parts.users === undefined) return undefined;
      const { authenticator, users } = buildDigestAuthenticator(settings, parts.users, parts);
      const counters = (): Record<string, number> => ({
        ...prefixed('nonce', authenticator.nonceCounters),
        ...prefixed('user', users.counters),
      });
      return { recipe, authenticator, counters };
    }
    case 'push-digest': {
      const { authenticator, keys } = buildPushDigest(listener.fqdn, settings, parts);
      const counters = (): Record<string, number> => ({
        ...prefixed('nonce', authenticator.nonceCounters),
        ...prefixed('push-key', keys.counters),
      });
      return { recipe, authenticator, counters };
    }
    case 'gba-digest': {
      const { authenticator, keys } = gbaDigest(listener, settings, parts);
      const counters = (): Record<string, number> => ({
        ...prefixed('nonce', authenticator.nonceCounters),
        ...prefixed('key', keys.counters),
      });
      return { recipe, authenticator, counters };
    }
  }
}

function recipeOf(
  { realm, fqdn }: SipListenerConfig,
  settings: AuthenticatorConfig,
  { maximumNonces, nonceCountWindow }: GatewayConfig['limits'],
): string {
  const files = isChannelConfig(settings) ? channelRecipe(settings) : '';
  return JSON.stringify({ realm, fqdn, settings, files, maximumNonces, nonceCountWindow });
}

function gbaDigest(
  listener: SipListenerConfig,
  settings: GbaDigestConfig,
  { limits, keyCentre }: AuthenticatorParts,
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
