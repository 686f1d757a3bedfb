import type { KeyObject } from 'node:crypto';

/** Bits that an RSA modulus must have (RFC 9325 4.5). */
export const MINIMUM_RSA_BITS = 2048;

/** Whether a public or private key is strong enough, and of a kind that our signature schemes verify. */
export function isStrongKey(key: KeyObject, minimumRsaBits: number = MINIMUM_RSA_BITS): boolean {
  const details = key.asymmetricKeyDetails;
  switch (key.asymmetricKeyType) {
    case 'rsa':
    case 'rsa-pss':
      return (details?.modulusLength ?? 0) >= minimumRsaBits;
    case 'ec':
      return CURVES.has(details?.namedCurve ?? '');
    case 'ed25519':
      return true;
    default:
      return false;
  }
}

/** Those of RFC 8422 5.1.1 that are not weaker than RSA with 2048 bits. */
const CURVES: ReadonlySet<string> = new Set(['prime256v1', 'secp384r1', 'secp521r1']);
