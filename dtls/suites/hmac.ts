import { createHash, hash as digest } from 'node:crypto';

export type HmacHash = 'sha1' | 'sha256' | 'sha384';

/**
 * HMAC (RFC 2104) made of two one-shot hashes, which take a third of the time that `createHmac` takes with a KeyObject, and a
 * twelfth of what it takes with a Buffer (docs/decisions/0031).
 */
export class Hmac {
  readonly hash: HmacHash;
  /** Octets of the code. */
  readonly length: number;
  readonly #blockLength: number;
  readonly #outer: Buffer;
  /** The inner padded key, then the message. */
  #inner: Buffer;

  /** @param key any number of octets; it is copied */
  constructor(hash: HmacHash, key: Uint8Array) {
    this.hash = hash;
    this.length = HASH_OCTETS[hash];
    this.#blockLength = hash === 'sha384' ? 128 : 64;
    this.#outer = Buffer.alloc(this.#blockLength + this.length);
    this.#inner = Buffer.alloc(this.#blockLength + 256);
    this.setKey(key);
  }

  /** Takes another key, so that one object serves many. */
  setKey(key: Uint8Array): void {
    const block = this.#blockLength;
    const short = key.length > block ? createHash(this.hash).update(key).digest() : key;
    for (let index = 0; index < block; index++) {
      const octet = short[index] ?? 0;
      this.#inner[index] = octet ^ 0x36;
      this.#outer[index] = octet ^ 0x5c;
    }
  }

  /** The place for a message of that many octets. It is the caller's until the next call, and then hashed by `finish`. */
  message(length: number): Buffer {
    const end = this.#blockLength + length;
    if (end > this.#inner.length) {
      const larger = Buffer.alloc(2 * end);
      this.#inner.copy(larger, 0, 0, this.#blockLength);
      this.#inner = larger;
    }
    return this.#inner.subarray(this.#blockLength, end);
  }

  /** Writes the code of the message of that many octets that stands in place. */
  finish(length: number, target: Buffer, offset: number): void {
    const block = this.#blockLength;
    this.#outer.write(digest(this.hash, this.#inner.subarray(0, block + length), 'binary'), block, 'latin1');
    target.write(digest(this.hash, this.#outer, 'binary'), offset, 'latin1');
  }
}

const HASH_OCTETS = { sha1: 20, sha256: 32, sha384: 48 } as const;
