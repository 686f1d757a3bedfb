import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto';
import { KmcError } from '../errors.ts';

/** The 32 octets under which secrets are sealed at rest. They cannot be read out of it, printed or serialised. */
export class SecretKey {
  readonly #octets: Buffer;

  /** Throws OSGATE_KMC_SECRET_KEY unless there are 32 octets. */
  constructor(octets: Uint8Array) {
    if (octets.length !== SECRET_KEY_OCTETS) {
      throw new KmcError(
        'OSGATE_KMC_SECRET_KEY',
        `the secret key has ${octets.length} octets, not ${SECRET_KEY_OCTETS}`,
      );
    }
    this.#octets = Buffer.from(octets);
  }

  /** A box with a key of its own, so that what one purpose sealed another cannot open. */
  box(purpose: string): SecretBox {
    return new SecretBox(this.derive(purpose));
  }

  /** 32 octets for one purpose, by HKDF-SHA-256 (RFC 5869); they tell nothing of the key or of another purpose. */
  derive(purpose: string): Buffer {
    return Buffer.from(hkdfSync('sha256', this.#octets, '', purpose, SECRET_KEY_OCTETS));
  }
}

/**
 * Seals octets with AES-256-GCM: version (1) || nonce (12) || ciphertext || tag (16).
 *
 * What was sealed opens only in the context (a name, such as a column and a row's key) that it was sealed in.
 */
export class SecretBox {
  /** Octets in its place would be made into one with each use, which takes longer than all the rest. */
  readonly #key: KeyObject;

  constructor(key: Buffer) {
    this.#key = createSecretKey(key);
  }

  seal(plaintext: Uint8Array, context: string): Buffer {
    const nonce = randomBytes(NONCE_OCTETS);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce, { authTagLength: TAG_OCTETS });
    cipher.setAAD(Buffer.from(context, 'utf8'));
    return Buffer.concat([Buffer.of(VERSION), nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  }

  /** Undefined for what was not sealed by this box in this context. */
  open(sealed: Uint8Array, context: string): Buffer | undefined {
    if (sealed.length < 1 + NONCE_OCTETS + TAG_OCTETS || sealed[0] !== VERSION) return undefined;
    const nonce = sealed.subarray(1, 1 + NONCE_OCTETS);
    const decipher = createDecipheriv('aes-256-gcm', this.#key, nonce, { authTagLength: TAG_OCTETS });
    decipher.setAAD(Buffer.from(context, 'utf8'));
    decipher.setAuthTag(sealed.subarray(-TAG_OCTETS));
    try {
      const plaintext = decipher.update(sealed.subarray(1 + NONCE_OCTETS, -TAG_OCTETS));
      return Buffer.concat([plaintext, decipher.final()]);
    } catch {
      // The tag does not match: another key, another context, or damage.
      return undefined;
    }
  }
}

export const SECRET_KEY_OCTETS = 32;
const VERSION = 1;
const NONCE_OCTETS = 12;
const TAG_OCTETS = 16;
