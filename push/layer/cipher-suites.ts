import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto';

/** How a message of the push layer is protected; each seals and opens with key material of one message direction. */
export interface PushCipherSuite {
  /** On the wire, one octet. */
  readonly id: number;
  readonly name: string;
  /** Octets of key material: cipher key, then MAC key where there is one. */
  readonly keyOctets: number;
  readonly tagOctets: number;
  /** Ciphertext and tag. `nonce` has 12 octets and is never used twice with one key. */
  seal(key: Buffer, nonce: Buffer, header: Buffer, text: Uint8Array): Buffer;
  /** Undefined unless header and text are what was sealed. */
  open(key: Buffer, nonce: Buffer, header: Buffer, sealed: Buffer): Buffer | undefined;
}

const TAG_OCTETS = 16;

/** What everything uses that has no reason for another one. */
export const AES_128_GCM = galoisCounterMode(1, 'AES_128_GCM', 'aes-128-gcm', 16);

/** The suites of docs/gpi.md. The identifiers of TS 33.224 were not at hand. */
export const PUSH_CIPHER_SUITES: readonly PushCipherSuite[] = [
  AES_128_GCM,
  galoisCounterMode(2, 'AES_256_GCM', 'aes-256-gcm', 32),
  counterModeWithHmac(3, 'AES_128_CTR_HMAC_SHA_256', 16),
];

export function pushCipherSuite(id: number | undefined): PushCipherSuite | undefined {
  return PUSH_CIPHER_SUITES.find((suite) => suite.id === id);
}

function galoisCounterMode(
  id: number,
  name: string,
  algorithm: 'aes-128-gcm' | 'aes-256-gcm',
  keyOctets: number,
): PushCipherSuite {
  const options = { authTagLength: TAG_OCTETS };
  return {
    id,
    name,
    keyOctets,
    tagOctets: TAG_OCTETS,
    seal(key, nonce, header, text) {
      const cipher = createCipheriv(algorithm, key, nonce, options).setAAD(header);
      return Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]);
    },
    open(key, nonce, header, sealed) {
      if (sealed.length < TAG_OCTETS) return undefined;
      const decipher = createDecipheriv(algorithm, key, nonce, options)
        .setAAD(header)
        .setAuthTag(sealed.subarray(-TAG_OCTETS));
      try {
        return Buffer.concat([decipher.update(sealed.subarray(0, -TAG_OCTETS)), decipher.final()]);
      } catch {
        // The tag does not fit.
        return undefined;
      }
    },
  };
}

/** Encrypt, then MAC over header and ciphertext, HMAC-SHA-256 cut to 16 octets. */
function counterModeWithHmac(id: number, name: string, cipherKeyOctets: number): PushCipherSuite {
  const initialCounter = (nonce: Buffer): Buffer => Buffer.concat([nonce, Buffer.alloc(4)]);
  const tagOf = (key: Buffer, nonce: Buffer, header: Buffer, ciphertext: Buffer): Buffer =>
    createHmac('sha256', key.subarray(cipherKeyOctets))
      .update(nonce)
      .update(header)
      .update(ciphertext)
      .digest()
      .subarray(0, TAG_OCTETS);
  return {
    id,
    name,
    keyOctets: cipherKeyOctets + 32,
    tagOctets: TAG_OCTETS,
    seal(key, nonce, header, text) {
      const cipher = createCipheriv('aes-128-ctr', key.subarray(0, cipherKeyOctets), initialCounter(nonce));
      const ciphertext = Buffer.concat([cipher.update(text), cipher.final()]);
      return Buffer.concat([ciphertext, tagOf(key, nonce, header, ciphertext)]);
    },
    open(key, nonce, header, sealed) {
      if (sealed.length < TAG_OCTETS) return undefined;
      const ciphertext = sealed.subarray(0, -TAG_OCTETS);
      const tag = sealed.subarray(-TAG_OCTETS);
      if (!timingSafeEqual(tag, tagOf(key, nonce, header, ciphertext))) return undefined;
      const decipher = createDecipheriv('aes-128-ctr', key.subarray(0, cipherKeyOctets), initialCounter(nonce));
      return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
    },
  };
}
