import { constants, sign as signWith, verify as verifyWith, type KeyObject } from 'node:crypto';

/**
 * A signature scheme (RFC 8446 4.2.3), whose code is the pair of hash and signature of RFC 5246 7.4.1.4.1 where that had
 * one. In TLS 1.2 an ECDSA scheme says nothing about the curve (RFC 8422 5.1.3 and RFC 8446 4.2.3).
 */
export interface SignatureScheme {
  readonly code: number;
  readonly name: string;
  /** What KeyObject calls the keys that fit. */
  readonly keyType: 'ec' | 'rsa' | 'ed25519';
  /** The hash, undefined where the scheme has its own. */
  readonly hash: 'sha256' | 'sha384' | 'sha512' | undefined;
  readonly pss: boolean;
  /** The curve whose strength is that of the hash; preferred, not required. */
  readonly curve: string | undefined;
}

/** The schemes of this library, preferred ones first. */
export const SIGNATURE_SCHEMES: readonly SignatureScheme[] = [
  scheme(0x0403, 'ecdsa_secp256r1_sha256', 'ec', 'sha256', { curve: 'prime256v1' }),
  scheme(0x0503, 'ecdsa_secp384r1_sha384', 'ec', 'sha384', { curve: 'secp384r1' }),
  scheme(0x0807, 'ed25519', 'ed25519', undefined),
  scheme(0x0804, 'rsa_pss_rsae_sha256', 'rsa', 'sha256', { pss: true }),
  scheme(0x0805, 'rsa_pss_rsae_sha384', 'rsa', 'sha384', { pss: true }),
  scheme(0x0806, 'rsa_pss_rsae_sha512', 'rsa', 'sha512', { pss: true }),
  scheme(0x0401, 'rsa_pkcs1_sha256', 'rsa', 'sha256'),
  scheme(0x0501, 'rsa_pkcs1_sha384', 'rsa', 'sha384'),
  scheme(0x0601, 'rsa_pkcs1_sha512', 'rsa', 'sha512'),
];

export function signatureSchemeByCode(code: number): SignatureScheme | undefined {
  return SIGNATURE_SCHEMES.find((one) => one.code === code);
}

export function signatureSchemeByName(name: string): SignatureScheme | undefined {
  return SIGNATURE_SCHEMES.find((one) => one.name === name);
}

/** The schemes that a key, private or public, can be used with; the one made for its curve first. */
export function schemesOfKey(key: KeyObject): readonly SignatureScheme[] {
  const fitting = SIGNATURE_SCHEMES.filter(({ keyType }) => keyType === key.asymmetricKeyType);
  const curve = key.asymmetricKeyDetails?.namedCurve;
  return [...fitting.filter((one) => one.curve === curve), ...fitting.filter((one) => one.curve !== curve)];
}

/** Signs octets with a private key that fits the scheme: DER for ECDSA (RFC 8422 5.4), the bare signature otherwise. */
export function sign(scheme: SignatureScheme, privateKey: KeyObject, data: Buffer): Buffer {
  return signWith(scheme.hash, data, scheme.pss ? { key: privateKey, ...PSS } : privateKey);
}

/** Whether a signature holds. False also for a key that does not fit the scheme, and for what is no signature at all. */
export function verify(scheme: SignatureScheme, publicKey: KeyObject, data: Buffer, signature: Buffer): boolean {
  if (publicKey.asymmetricKeyType !== scheme.keyType) return false;
  try {
    return verifyWith(scheme.hash, data, scheme.pss ? { key: publicKey, ...PSS } : publicKey, signature);
  } catch {
    return false;
  }
}

/** The salt is as long as the hash (RFC 8446 4.2.3). */
const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };

function scheme(
  code: number,
  name: string,
  keyType: SignatureScheme['keyType'],
  hash: SignatureScheme['hash'],
  { pss = false, curve }: { pss?: boolean; curve?: string } = {},
): SignatureScheme {
  return { code, name, keyType, hash, pss, curve };
}
