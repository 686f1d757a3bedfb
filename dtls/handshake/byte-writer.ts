/** Enough for all messages but those with certificates. */
const FIRST_OCTETS = 128;

/** Writes numbers and vectors into a buffer that grows. */
export class ByteWriter {
  #octets: Buffer = Buffer.allocUnsafe(FIRST_OCTETS);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  uint8(value: number): this {
    this.#reserve(1);
    this.#octets[this.#length++] = value;
    return this;
  }

  uint16(value: number): this {
    this.#reserve(2);
    this.#octets[this.#length++] = value >>> 8;
    this.#octets[this.#length++] = value;
    return this;
  }

  uint24(value: number): this {
    return this.uint8(value >>> 16).uint16(value & 0xffff);
  }

  uint32(value: number): this {
    return this.uint16(value >>> 16).uint16(value & 0xffff);
  }

  bytes(octets: Uint8Array): this {
    this.#reserve(octets.length);
    this.#octets.set(octets, this.#length);
    this.#length += octets.length;
    return this;
  }

  vector8(octets: Uint8Array): this {
    return this.uint8(octets.length).bytes(octets);
  }

  vector16(octets: Uint8Array): this {
    return this.uint16(octets.length).bytes(octets);
  }

  vector24(octets: Uint8Array): this {
    return this.uint24(octets.length).bytes(octets);
  }

  /** Leaves two octets for a length that endVector16 fills in. */
  beginVector16(): number {
    this.uint16(0);
    return this.#length;
  }

  endVector16(start: number): this {
    this.#octets.writeUInt16BE(this.#length - start, start - 2);
    return this;
  }

  /** Takes the last octets back. */
  dropLast(octets: number): void {
    this.#length -= octets;
  }

  /** What was written, without a copy; nothing may be written afterwards. */
  finish(): Buffer {
    return this.#octets.subarray(0, this.#length);
  }

  #reserve(octets: number): void {
    if (this.#length + octets <= this.#octets.length) return;
    const grown = Buffer.allocUnsafe(Math.max(2 * this.#octets.length, this.#length + octets));
    this.#octets.copy(grown, 0, 0, this.#length);
    this.#octets = grown;
  }
}
