import { createHash } from 'node:crypto';

import type { KeyCentre } from '../../../kmc/index.ts';
import { PUSH_KEYS_NAME } from '../../../push/association/index.ts';
import {
  CHANNEL_AUTHENTICATOR_TYPES,
  type AuthenticatorConfig,
  type ChannelAuthenticatorConfig,
} from '../../config/index.ts';
import {
  CertificateIdentities,
  ChannelAuthenticator,
  GBA_PSK_HINT,
  GbaPsk,
  KeyCache,
  PushKeyCache,
  PushPsk,
  StaticPsk,
  type ChannelProofParts,
  type PushAssociationSource,
  type PskSource,
} from '../../identity/index.ts';
import { OsgateError } from '../../errors.ts';
import { prefixed } from '../listener-transports.ts';
import { readConfiguredFile } from './configured-file.ts';

/** An authenticator of the handshake: what judges handshakes, and what lets messages in afterwards. */
export interface BuiltChannelAuthenticator {
  readonly authenticator: ChannelAuthenticator;
  readonly psk?: PskSource;
  readonly certificates?: CertificateIdentities;
  /** PEM: whose certificates are taken. */
  readonly authorities?: string;
  readonly counters: () => Record<string, number>;
}

export type AnyChannelConfig =
  ChannelAuthenticatorConfig | Extract<AuthenticatorConfig, { readonly digestAsWell: boolean }>;

export function isChannelConfig(settings: AuthenticatorConfig): settings is AnyChannelConfig & AuthenticatorConfig {
  return CHANNEL_TYPES.has(settings.type);
}

const CHANNEL_TYPES: ReadonlySet<string> = new Set(CHANNEL_AUTHENTICATOR_TYPES);

/** Where the keys of authenticators come from. */
export interface KeySources {
  readonly keyCentre: KeyCentre;
  /** The NAF SAs of pushes; undefined without `gateway.push`. */
  readonly pushAssociations?: PushAssociationSource | undefined;
}

/**
 * Everything that the authenticator would be built from, as text: the content of its files too, which may have changed while
 * their names have not.
 *
 * @throws OsgateError OSGATE_CONFIG_INVALID when a file cannot be read
 */
export function channelRecipe(settings: AnyChannelConfig): string {
  switch (settings.type) {
    case 'gba-psk':
    case 'push-psk':
      return '';
    case 'psk':
      return digestOf(readConfiguredFile(settings.identities));
    case 'certificate':
      return digestOf(readConfiguredFile(settings.authorities));
  }
}

/** @throws OsgateError OSGATE_CONFIG_INVALID for files that cannot be read or understood */
export function buildChannelAuthenticator(
  fqdn: string,
  settings: AnyChannelConfig,
  { keyCentre, pushAssociations }: KeySources,
): BuiltChannelAuthenticator {
  const digestAsWell = 'digestAsWell' in settings && settings.digestAsWell;
  const authenticator = new ChannelAuthenticator({ scheme: settings.type, digestAsWell });
  switch (settings.type) {
    case 'gba-psk': {
      const keys = new KeyCache({ keyCentre, maximumKeys: settings.keyCacheMaximum });
      const organisation = settings.uaSecurityProtocol === 'oma' ? 'OMA' : '3GPP';
      const psk = new GbaPsk({ fqdn, organisation, keys, gsids: settings.gsids });
      return {
        authenticator,
        psk,
        counters: () => ({ ...prefixed('gba-psk', psk.counters), ...prefixed('key', keys.counters) }),
      };
    }
    case 'push-psk': {
      const { gsids, keyCacheMaximum: maximumKeys } = settings;
      const keys = new PushKeyCache({ associations: pushAssociations ?? NO_ASSOCIATIONS, fqdn, gsids, maximumKeys });
      const psk = new PushPsk({ keys });
      return {
        authenticator,
        psk,
        counters: () => ({ ...prefixed('push-psk', psk.counters), ...prefixed('push-key', keys.counters) }),
      };
    }
    case 'psk': {
      const { identities, publicIdentities } = settings;
      const psk = new StaticPsk({ text: readConfiguredFile(identities), name: identities, publicIdentities });
      return { authenticator, psk, counters: () => prefixed('psk', psk.counters) };
    }
    case 'certificate': {
      const certificates = new CertificateIdentities({ identities: settings.identities });
      return {
        authenticator,
        certificates,
        authorities: readConfiguredFile(settings.authorities),
        counters: () => prefixed('certificate', certificates.counters),
      };
    }
  }
}

/** What the handshakes of a listener are judged by. */
export function channelProofParts(built: readonly Partial<BuiltChannelAuthenticator>[]): ChannelProofParts {
  return {
    psk: built.flatMap(({ psk }) => (psk === undefined ? [] : [psk])),
    certificates: built.find(({ certificates }) => certificates !== undefined)?.certificates,
  };
}

/**
 * The hint for pre-shared keys: the names of those that an agent makes of what it has, with semicolons between them (TS 24.109
 * 5.3.3); undefined where no pre-shared keys are taken.
 */
export function pskHint(
  authenticators: readonly { readonly type: string }[],
): { readonly hint: string | undefined } | undefined {
  const has = (kind: string): boolean => authenticators.some(({ type }) => type === kind);
  const names = [...(has('gba-psk') ? [GBA_PSK_HINT] : []), ...(has('push-psk') ? [PUSH_KEYS_NAME] : [])];
  if (names.length > 0) return { hint: names.join(';') };
  return has('psk') ? { hint: undefined } : undefined;
}

/**
 * What a server offers for pre-shared keys is settled when it opens.
 *
 * @throws OsgateError OSGATE_CONFIG_INVALID when other authenticators would need another offer
 */
export function checkPskHint(
  { name, authenticators }: { readonly name: string; readonly authenticators: readonly { readonly type: string }[] },
  opened: ReturnType<typeof pskHint>,
): void {
  const wanted = pskHint(authenticators);
  if ((wanted === undefined) === (opened === undefined) && wanted?.hint === opened?.hint) return;
  throw new OsgateError(
    'OSGATE_CONFIG_INVALID',
    `gateway.sec1 ${name}: authenticators with other kinds of pre-shared keys than at the start need a restart`,
  );
}

/** Of a gateway that does not push, which the configuration does not let have such an authenticator. */
export const NO_ASSOCIATIONS: PushAssociationSource = { find: async () => undefined };

function digestOf(content: string): string {
  return createHash('sha256').update(content).digest('base64');
}
