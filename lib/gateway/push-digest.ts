import type { PushDigestConfig } from '../config/index.ts';
import { PushDigestAuthenticator, PushKeyCache } from '../identity/index.ts';
import { NO_ASSOCIATIONS, type KeySources } from './dtls/channel-authenticators.ts';
import { newNonceSecret } from './secrets.ts';

/** One `push-digest` authenticator, and what its cache of keys counts. */
export function buildPushDigest(
  fqdn: string,
  settings: PushDigestConfig,
  parts: Pick<KeySources, 'pushAssociations'> & {
    readonly limits: { readonly nonceCountWindow: number; readonly maximumNonces: number };
  },
): { readonly authenticator: PushDigestAuthenticator; readonly keys: PushKeyCache } {
  const { realm, gsids, algorithms, qop, challenge, nonceLifetimeSeconds, keyCacheMaximum: maximumKeys } = settings;
  const associations = parts.pushAssociations ?? NO_ASSOCIATIONS;
  const keys = new PushKeyCache({ associations, fqdn, gsids, maximumKeys });
  const authenticator = new PushDigestAuthenticator({
    realm,
    keys,
    algorithms,
    qop,
    challenge,
    nonceSecret: newNonceSecret(),
    nonceLifetimeSeconds,
    nonceCountWindow: parts.limits.nonceCountWindow,
    maximumNonces: parts.limits.maximumNonces,
  });
  return { authenticator, keys };
}
