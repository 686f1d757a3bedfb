import { choice, count, integer, list, section, text } from './values.ts';

/** The keys that every authenticator by digest has. */
export function digestKeys() {
  return {
    algorithms: list(choice(['SHA-256', 'SHA-512-256', 'MD5']), 'a list of SHA-256, SHA-512-256 and MD5', 1)
      .default(['SHA-256', 'MD5'])
      .describe('The digest algorithms on offer, the preferred one first.'),
    qop: list(choice(['auth', 'auth-int']), 'a list of auth and auth-int', 1)
      .default(['auth', 'auth-int'])
      .describe('The qualities of protection on offer.'),
    challenge: choice(['proxy', 'server'])
      .default('proxy')
      .describe('`proxy` challenges with 407, `server` with 401; the same for all authenticators of a listener.'),
    nonceLifetimeSeconds: integer(1, 86_400).default(300).describe('How long a nonce may be used.'),
    gsids: list(integer(0, 0xffff_ffff), 'a list of GBA service identifiers')
      .default([0])
      .describe('The GBA service identifiers whose user security settings are asked for.'),
  };
}

/** The `digest` authenticator: static users of the key centre's subscriber database. */
export function digestAuthenticator() {
  return section({
    type: choice(['digest']).describe(
      'Digest with a password of the subscriber database that `kmc.subscribers` names, for agents without GBA.',
    ),
    realm: text('a realm').optional().describe('The realm of the challenge; by default the `fqdn` of the listener.'),
    ...digestKeys(),
    userCacheMaximum: count()
      .default(100_000)
      .describe('Users kept in memory, and as many names that nobody has; the least recently used one goes first.'),
    userCacheSeconds: integer(1, 86_400)
      .default(60)
      .describe('After so long a changed password, changed settings or a removed user take effect.'),
    unknownUserSeconds: integer(1, 86_400)
      .default(10)
      .describe('After so long a new user is let in whose name was tried before.'),
  });
}
