const EMPTY = Buffer.alloc(0);

/**
 * Reads numbers and vectors out of octets that a peer sent, and never past their end: once something is missing, `failed` is
 * true, everything reads as zero or empty, and it stays so. Vectors are views, not copies.
 */
export class ByteReader {
  readonly #octets: Buffer;
  #offset: number;
  readonly #end: number;
  failed = false;

  constructor(octets: Buffer, offset = 0, end: number = octets.length) {
    this.#octets = octets;
    this.#offset = offset;
    this.#end = end;
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#end - this.#offset;
  }

  /** Everything was read, and nothing was missing. */
  get complete(): boolean {
    return !this.failed && this.#offset === this.#end;
  }

  uint8(): number {
    const at = this.#advance(1);
    return at < 0 ? 0 : (this.#octets[at] ?? 0);
  }

  uint16(): number {
    const at = this.#advance(2);
    return at < 0 ? 0 : ((this.#octets[at] ?? 0) << 8) | (this.#octets[at + 1] ?? 0);
  }

  uint24(): number {
    return (this.uint8() << 16) | this.uint16();
  }

  uint32(): number {
    const at = this.#advance(4);
    return at < 0 ? 0 : this.#octets.readUInt32BE(at);
  }

  bytes(length: number): Buffer {
    const at = this.#advance(length);
    return at < 0 ? EMPTY : this.#octets.subarray(at, at + length);
  }

  /** Leaves octets out, without a view of them. @returns where they begin; 0 when they are not there */
  skip(length: number): number {
    const at = this.#advance(length);
    return at < 0 ? 0 : at;
  }

  /** A vector whose length stands in one octet; fails outside the bounds. */
  vector8(minimum = 0, maximum = 0xff): Buffer {
    return this.#vector(this.uint8(), minimum, maximum);
  }

  vector16(minimum = 0, maximum = 0xffff): Buffer {
    return this.#vector(this.uint16(), minimum, maximum);
  }

  vector24(minimum = 0, maximum = 0xffffff): Buffer {
    return this.#vector(this.uint24(), minimum, maximum);
  }

  #vector(length: number, minimum: number, maximum: number): Buffer {
    if (length < minimum || length > maximum) this.failed = true;
    return this.bytes(length);
  }

  #advance(length: number): number {
    const at = this.#offset;
    if (this.failed || at + length > this.#end) {
      this.failed = true;
      return -1;
    }
    this.#offset = at + length;
    return at;
  }
}
