import { loadSecretKey, LocalDigestUserSource, SubscriberDatabase, type DigestUserSource } from '../../kmc/index.ts';
import { requireSection, type Config, type DigestConfig } from '../config/index.ts';
import { DigestAuthenticator, DigestUserCache, monotonicNow } from '../identity/index.ts';
import { newNonceSecret } from './secrets.ts';

/**
 * The users of the `digest` authenticators: the subscriber database of the `kmc` section. Undefined when no listener has
 * such an authenticator.
 *
 * @throws KmcError OSGATE_KMC_SECRET_KEY, OSGATE_KMC_DATABASE
 */
export async function openDigestUsers(config: Config): Promise<DigestUserSource | undefined> {
  const listeners = requireSection(config, 'gateway').sec1.sip;
  if (!listeners.some(({ authenticators }) => authenticators.some(({ type }) => type === 'digest'))) return undefined;
  const { subscribers } = requireSection(config, 'kmc');
  const key = await loadSecretKey(subscribers.secretKey);
  return new LocalDigestUserSource({ database: SubscriberDatabase.open(subscribers.database, key) });
}

/** One `digest` authenticator, and what its cache of users counts. */
export function buildDigestAuthenticator(
  settings: DigestConfig,
  source: DigestUserSource,
  parts: {
    readonly limits: { readonly nonceCountWindow: number; readonly maximumNonces: number };
  },
): { readonly authenticator: DigestAuthenticator; readonly users: DigestUserCache } {
  const { realm, algorithms, gsids } = settings;
  const users = new DigestUserCache({
    source,
    realm,
    algorithms,
    gsids,
    maximumUsers: settings.userCacheMaximum,
    keepSeconds: settings.userCacheSeconds,
    keepUnknownSeconds: settings.unknownUserSeconds,
    now: monotonicNow,
  });
  const authenticator = new DigestAuthenticator({
    realm,
    users,
    algorithms,
    qop: settings.qop,
    challenge: settings.challenge,
    nonceSecret: newNonceSecret(),
    nonceLifetimeSeconds: settings.nonceLifetimeSeconds,
    nonceCountWindow: parts.limits.nonceCountWindow,
    maximumNonces: parts.limits.maximumNonces,
  });
  return { authenticator, users };
}
