import { createECDH, diffieHellman, generateKeyPairSync, createPublicKey, type KeyObject } from 'node:crypto';

/** One use of a group: a key pair that is made, agrees once, and is forgotten. */
export interface KeyShare {
  /** As it stands in the messages: 32 octets for x25519, an uncompressed point of 65 or 97 octets for the others (RFC 8422 5.4). */
  readonly publicKey: Buffer;
  /**
   * What both sides then share: 32 octets for x25519, the x coordinate of 32 or 48 octets for the others.
   *
   * @returns undefined when the peer's value is no point of the group or leads to the all-zero secret (RFC 7748 6.1)
   */
  agree(peerPublicKey: Buffer): Buffer | undefined;
}

export interface Group {
  /** In supported_groups (RFC 8422 5.1.1). */
  readonly code: number;
  readonly name: GroupName;
  readonly publicKeyLength: number;
  generate(): KeyShare;
}

export type GroupName = 'x25519' | 'secp256r1' | 'secp384r1';

/** The groups of this library, preferred ones first. */
export const GROUPS: readonly Group[] = [
  { code: 29, name: 'x25519', publicKeyLength: 32, generate: generateX25519 },
  { code: 23, name: 'secp256r1', publicKeyLength: 65, generate: () => generatePoint('prime256v1', 65) },
  { code: 24, name: 'secp384r1', publicKeyLength: 97, generate: () => generatePoint('secp384r1', 97) },
];

export function groupByCode(code: number): Group | undefined {
  return GROUPS.find((group) => group.code === code);
}

export function groupByName(name: string): Group | undefined {
  return GROUPS.find((group) => group.name === name);
}

/** What stands before the 32 octets of an X25519 key in SubjectPublicKeyInfo (RFC 8410 4). */
const X25519_PREFIX = Buffer.from('302a300506032b656e032100', 'hex');

function generateX25519(): KeyShare {
  const { publicKey, privateKey } = generateKeyPairSync('x25519');
  return {
    publicKey: publicKey.export({ format: 'der', type: 'spki' }).subarray(X25519_PREFIX.length),
    agree: (peerPublicKey) => agreeX25519(privateKey, peerPublicKey),
  };
}

function agreeX25519(privateKey: KeyObject, peerPublicKey: Buffer): Buffer | undefined {
  if (peerPublicKey.length !== 32) return undefined;
  try {
    const key = Buffer.concat([X25519_PREFIX, peerPublicKey]);
    const publicKey = createPublicKey({ key, format: 'der', type: 'spki' });
    const shared = diffieHellman({ privateKey, publicKey });
    return shared.some((octet) => octet !== 0) ? shared : undefined;
  } catch {
    // OpenSSL itself refuses what leads to the all-zero secret.
    return undefined;
  }
}

function generatePoint(curve: string, length: number): KeyShare {
  const ecdh = createECDH(curve);
  return {
    publicKey: ecdh.generateKeys(),
    agree(peerPublicKey) {
      // Compressed and hybrid forms are not to be used (RFC 8422 5.4.1).
      if (peerPublicKey.length !== length || peerPublicKey[0] !== 4) return undefined;
      try {
        return ecdh.computeSecret(peerPublicKey);
      } catch {
        return undefined;
      }
    },
  };
}
