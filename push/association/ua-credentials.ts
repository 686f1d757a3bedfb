import { hkdfSync } from 'node:crypto';

import { PushError } from '../errors.ts';

/**
 * The name of the keys of pushes where a server says which keys it takes and a client which one it has. No specification gives
 * one: this is ours, beside `3GPP-bootstrapping` of TS 24.109 5.3.3.
 */
export const PUSH_KEYS_NAME = 'osgate-gba-push';

const IDENTITY_PREFIX = `${PUSH_KEYS_NAME};`;

/** What a NAF SA is in a handshake with a pre-shared key (RFC 4279), as GBA has its B-TID: the name, a semicolon, the P-TID. */
export function formatPushPskIdentity(ptid: string): string {
  return IDENTITY_PREFIX + ptid;
}

/** The P-TID in a PSK identity; undefined for an identity of another kind. */
export function parsePushPskIdentity(identity: string): string | undefined {
  const isOurs = identity.startsWith(IDENTITY_PREFIX) && identity.length > IDENTITY_PREFIX.length;
  return isOurs ? identity.slice(IDENTITY_PREFIX.length) : undefined;
}

/** The realm in which the user name is a P-TID. */
export function pushRealm(fqdn: string): string {
  return `${PUSH_KEYS_NAME}@${fqdn}`;
}

/**
 * The pre-shared key of a NAF SA, 32 octets. Secret. The same for every cipher suite: unlike a bootstrapped agent, this one has a
 * single NAF key.
 *
 * @throws PushError OSGATE_PUSH_INVALID_ARGUMENT unless the NAF key has 32 octets
 */
export function derivePushPsk(nafKey: Uint8Array): Buffer {
  return derive(nafKey, 'osgate ua 1 dtls-psk');
}

/**
 * The digest password of a NAF SA: 32 octets in base64, 44 characters, as GBA has it (TS 24.109 5.2). Secret.
 *
 * @throws PushError OSGATE_PUSH_INVALID_ARGUMENT unless the NAF key has 32 octets
 */
export function derivePushPassword(nafKey: Uint8Array): string {
  return derive(nafKey, 'osgate ua 1 sip-digest').toString('base64');
}

/** HKDF-SHA-256 (RFC 5869) as for the push layer, whose infos begin with `osgate gpl 1`: no key tells anything of another. */
function derive(nafKey: Uint8Array, information: string): Buffer {
  if (nafKey.length !== 32) throw new PushError('OSGATE_PUSH_INVALID_ARGUMENT', 'a NAF key has 32 octets');
  return Buffer.from(hkdfSync('sha256', nafKey, '', information, 32));
}
