import { digestKeys } from './digest-authenticator.ts';
import { choice, count, integer, list, section, text } from './values.ts';

/** The `push-psk` authenticator: DTLS with the NAF SA of a push. */
export function pushPsk() {
  return section({
    type: choice(['push-psk']).describe(
      'DTLS with a pre-shared key made of the NAF SA that a push has left, for agents that were pushed to and never bootstrapped. Needs `gateway.push`.',
    ),
    gsids: list(integer(0, 0xffff_ffff), 'a list of GBA service identifiers')
      .default([0])
      .describe(
        'The GBA service identifiers whose user security settings count. Those of all such authenticators are asked for with each push; a new one needs a restart.',
      ),
    keyCacheMaximum: keyCacheMaximum(),
  });
}

/** The `push-digest` authenticator: digest with the NAF SA of a push. */
export function pushDigest() {
  return section({
    type: choice(['push-digest']).describe(
      'Digest with a P-TID and a password made of the NAF SA that a push has left. Needs `gateway.push`.',
    ),
    realm: text('a realm')
      .optional()
      .describe('The realm of the challenge; by default `osgate-gba-push@` and the `fqdn` of the listener.'),
    ...digestKeys(),
    keyCacheMaximum: keyCacheMaximum(),
  });
}

function keyCacheMaximum() {
  return count()
    .default(100_000)
    .describe('Keys kept in memory, and as many P-TIDs that nobody has; the least recently used one goes first.');
}
