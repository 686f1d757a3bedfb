/**
 * HalfSipHash-1-3 with an output of 64 bits, in two halves: a hash with a key, so that nobody who does not know the key can
 * choose sources that share a place in a table. No allocation; about 40 ns for the two words of an IPv4 source.
 */
export class KeyedHash {
  /** The first 32 bits of the last hash, unsigned. */
  first = 0;
  /** The other 32 bits, unsigned; independent of the first. */
  second = 0;
  readonly #key0: number;
  readonly #key1: number;

  /** @param key 8 unpredictable octets */
  constructor(key: Buffer) {
    this.#key0 = key.readInt32LE(0);
    this.#key1 = key.readInt32LE(4);
  }

  /** Hashes `words[from]` to `words[to - 1]` into {@link first} and {@link second}. */
  update(words: Uint32Array, from: number, to: number): void {
    const key0 = this.#key0;
    const key1 = this.#key1;
    let v0 = key0;
    let v1 = key1 ^ 0xee;
    let v2 = 0x6c796765 ^ key0;
    let v3 = 0x74656462 ^ key1;
    // The words, then the length, then three rounds for each half of the output: one loop, so that the round stands once.
    const last = to - from;
    for (let step = 0; step < last + 7; step++) {
      let word = 0;
      if (step < last) word = words[from + step] ?? 0;
      else if (step === last) word = last << 26;
      else if (step === last + 1) v2 ^= 0xee;
      else if (step === last + 4) {
        this.first = (v1 ^ v3) >>> 0;
        v1 ^= 0xdd;
      }
      v3 ^= word;
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= word;
    }
    this.second = (v1 ^ v3) >>> 0;
  }
}
