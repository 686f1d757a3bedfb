import {
  createECDH,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type ECDH,
  type KeyObject,
} from 'node:crypto';

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
  { code: 29, name: 'x25519', publicKeyLength: 32, generate: () => new X25519Share() },
  { code: 23, name: 'secp256r1', publicKeyLength: 65, generate: () => new PointShare('prime256v1', 65) },
  { code: 24, name: 'secp384r1', publicKeyLength: 97, generate: () => new PointShare('secp384r1', 97) },
];

export function groupByCode(code: number): Group | undefined {
  return GROUPS.find((group) => group.code === code);
}

export function groupByName(name: string): Group | undefined {
  return GROUPS.find((group) => group.name === name);
}

const X25519_OCTETS = 32;

/** X25519 (RFC 7748). Keys go in and out as JWK, which takes a thirtieth of what DER takes (docs/decisions/0031). */
class X25519Share implements KeyShare {
  readonly publicKey: Buffer;
  readonly #privateKey: KeyObject;

  constructor() {
    const { publicKey, privateKey } = generateKeyPairSync('x25519');
    this.publicKey = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
    this.#privateKey = privateKey;
  }

  agree(peerPublicKey: Buffer): Buffer | undefined {
    if (peerPublicKey.length !== X25519_OCTETS) return undefined;
    try {
      const key = { kty: 'OKP', crv: 'X25519', x: peerPublicKey.toString('base64url') };
      const shared = diffieHellman({
        privateKey: this.#privateKey,
        publicKey: createPublicKey({ key, format: 'jwk' }),
      });
      return shared.some((octet) => octet !== 0) ? shared : undefined;
    } catch {
      // OpenSSL itself refuses what leads to the all-zero secret.
      return undefined;
    }
  }
}

/** ECDH on a curve of NIST. OpenSSL checks that the peer's point is on the curve. */
class PointShare implements KeyShare {
  readonly publicKey: Buffer;
  readonly #ecdh: ECDH;
  readonly #length: number;

  constructor(curve: string, length: number) {
    this.#ecdh = createECDH(curve);
    this.publicKey = this.#ecdh.generateKeys();
    this.#length = length;
  }

  agree(peerPublicKey: Buffer): Buffer | undefined {
    // Compressed and hybrid forms are not to be used (RFC 8422 5.4.1).
    if (peerPublicKey.length !== this.#length || peerPublicKey[0] !== UNCOMPRESSED) return undefined;
    try {
      return this.#ecdh.computeSecret(peerPublicKey);
    } catch {
      return undefined;
    }
  }
}

const UNCOMPRESSED = 4;
