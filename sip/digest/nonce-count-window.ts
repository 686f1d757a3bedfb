import { SipError } from '../errors.ts';
import { hashString } from '../string-hash.ts';

export interface NonceCountWindowOptions {
  /** How far, in requests, a nonce count may lie behind the highest one seen; 1 or more. */
  readonly size: number;
  /** How many nonces are remembered at once; 1 or more. */
  readonly maxNonces: number;
  /** The clock that `expiresAt` is of, in milliseconds; it must not be set back. */
  readonly now?: () => number;
}

/** `full`: as many live nonces as may be are remembered. Forgetting one would let its requests be replayed. */
export type NonceCountVerdict = 'ok' | 'replay' | 'full';

/** Rows that are looked at for expired nonces each time that a new one comes. */
const SWEPT_ROWS = 8;

const NEVER = 0xffff_ffff;

/** Rows at the start; a power of two. */
const FIRST_ROWS = 4096;

// The words of a row. A row is free when no count of it was seen.
const LOW = 0;
const HIGH = 1;
const EXPIRES = 2;
const HIGHEST = 3;
const BITS = 4;

/**
 * Which counts of which nonces were used (RFC 7616 5.12). Counts may arrive out of order within the window: agents that
 * send in parallel over UDP do that. A nonce is forgotten only when it has expired.
 *
 * There may be hundreds of thousands of nonces, so they stand in one flat table (linear probing over a 64-bit hash, at most
 * half full, growing as it must) that the garbage collector never walks. Two nonces that share a hash would only make an honest agent answer a
 * challenge more; nobody can choose them, since the gateway makes them.
 */
export class NonceCountWindow {
  readonly #size: number;
  readonly #maxNonces: number;
  readonly #now: () => number;
  readonly #rowWords: number;
  #mask: number;
  #rows: Uint32Array;
  readonly #hash = new Uint32Array(2);
  readonly #counters = { accepted: 0, replays: 0, full: 0 };
  #count = 0;
  #sweepAt = 0;
  #sweptSecond = -1;

  /** @throws SipError OSGATE_SIP_INVALID_ARGUMENT for a size or number that is not a positive integer */
  constructor({ size, maxNonces, now = Date.now }: NonceCountWindowOptions) {
    if (!Number.isInteger(size) || size < 1 || !Number.isInteger(maxNonces) || maxNonces < 1) {
      throw new SipError(
        'OSGATE_SIP_INVALID_ARGUMENT',
        'a nonce count window has a size and a number of nonces, 1 or more',
      );
    }
    this.#size = size;
    this.#maxNonces = maxNonces;
    this.#now = now;
    this.#rowWords = BITS + Math.ceil(size / 32);
    const rows = Math.min(2 ** Math.ceil(Math.log2(2 * maxNonces)), FIRST_ROWS);
    this.#mask = rows - 1;
    this.#rows = new Uint32Array(rows * this.#rowWords);
  }

  get counters(): Readonly<Record<'accepted' | 'replays' | 'full', number>> {
    return this.#counters;
  }

  /** How many nonces are remembered. */
  get nonceCount(): number {
    return this.#count;
  }

  /**
   * Takes note of one use. Call it only when the digest is right and the nonce has not expired.
   *
   * @param nc 1 to 2^32 - 1
   * @param expiresAt when the nonce ends, milliseconds; never where absent
   */
  accept(id: string, nc: number, expiresAt = Number.POSITIVE_INFINITY): NonceCountVerdict {
    hashString(id, 0, this.#hash);
    let row = this.#find();
    if (this.#word(row, HIGHEST) === 0) {
      this.#sweep(SWEPT_ROWS);
      if (this.#count >= this.#maxNonces && !this.#sweepAll()) {
        this.#counters.full++;
        return 'full';
      }
      if (nc < 1) return this.#replay();
      if (2 * this.#count > this.#mask) this.#grow();
      // Rows behind one that was freed may have moved up.
      row = this.#find();
      this.#begin(row, nc, expiresAt);
    } else {
      const highest = this.#word(row, HIGHEST);
      if (nc < 1 || nc <= highest - this.#size) return this.#replay();
      if (nc > highest) this.#advance(row, highest, nc);
      else if (this.#isSet(row, nc)) return this.#replay();
    }
    this.#setBit(row, nc, true);
    this.#counters.accepted++;
    return 'ok';
  }

  #replay(): 'replay' {
    this.#counters.replays++;
    return 'replay';
  }

  #begin(row: number, nc: number, expiresAt: number): void {
    const rows = this.#rows;
    rows[row + LOW] = this.#hash[0] ?? 0;
    rows[row + HIGH] = this.#hash[1] ?? 0;
    rows[row + EXPIRES] = expiresAt === Number.POSITIVE_INFINITY ? NEVER : Math.ceil(expiresAt / 1000);
    rows[row + HIGHEST] = nc;
    rows.fill(0, row + BITS, row + this.#rowWords);
    this.#count++;
  }

  #advance(row: number, highest: number, nc: number): void {
    if (nc - highest >= this.#size) this.#rows.fill(0, row + BITS, row + this.#rowWords);
    else for (let count = highest + 1; count < nc; count++) this.#setBit(row, count, false);
    this.#rows[row + HIGHEST] = nc;
  }

  /** The row of the hashed nonce, or the free one where it would stand, as an index of its first word. */
  #find(): number {
    const low = this.#hash[0] ?? 0;
    const high = this.#hash[1] ?? 0;
    for (let number = low & this.#mask; ; number = (number + 1) & this.#mask) {
      const row = number * this.#rowWords;
      if (this.#word(row, HIGHEST) === 0 || (this.#word(row, LOW) === low && this.#word(row, HIGH) === high))
        return row;
    }
  }

  /** Frees expired rows among the next few. */
  #sweep(rows: number): void {
    const second = Math.floor(this.#now() / 1000);
    for (let step = 0; step < rows; step++) {
      const row = this.#sweepAt * this.#rowWords;
      if (this.#word(row, HIGHEST) !== 0 && this.#word(row, EXPIRES) <= second) {
        // What moves up into the freed row is looked at in the next step.
        this.#free(this.#sweepAt);
      } else this.#sweepAt = (this.#sweepAt + 1) & this.#mask;
    }
  }

  /** Frees every expired row, once a second at most; true when there is room then. */
  #sweepAll(): boolean {
    const second = Math.floor(this.#now() / 1000);
    if (second <= this.#sweptSecond) return false;
    this.#sweptSecond = second;
    this.#sweepAt = 0;
    this.#sweep(this.#mask + 1 + this.#count);
    this.#sweepAt = 0;
    return this.#count < this.#maxNonces;
  }

  /** Takes a row out and closes the gap, so that no search ends too early (Knuth, algorithm 6.4 R). */
  #free(number: number): void {
    const rows = this.#rows;
    const words = this.#rowWords;
    let gap = number;
    for (let next = (gap + 1) & this.#mask; this.#word(next * words, HIGHEST) !== 0; next = (next + 1) & this.#mask) {
      const home = this.#word(next * words, LOW) & this.#mask;
      if (((next - home) & this.#mask) < ((next - gap) & this.#mask)) continue;
      rows.copyWithin(gap * words, next * words, (next + 1) * words);
      gap = next;
    }
    rows[gap * words + HIGHEST] = 0;
    this.#count--;
  }

  /** Twice as many rows: half full at most is what keeps searches short. */
  #grow(): void {
    const words = this.#rowWords;
    const old = this.#rows;
    const rows = new Uint32Array(2 * old.length);
    const mask = 2 * this.#mask + 1;
    for (let from = 0; from < old.length; from += words) {
      if ((old[from + HIGHEST] ?? 0) === 0) continue;
      let number = (old[from + LOW] ?? 0) & mask;
      while ((rows[number * words + HIGHEST] ?? 0) !== 0) number = (number + 1) & mask;
      rows.set(old.subarray(from, from + words), number * words);
    }
    this.#rows = rows;
    this.#mask = mask;
    this.#sweepAt = 0;
  }

  #isSet(row: number, nc: number): boolean {
    const position = nc % this.#size;
    return ((this.#word(row, BITS + (position >>> 5)) >>> (position & 31)) & 1) === 1;
  }

  #setBit(row: number, nc: number, on: boolean): void {
    const position = nc % this.#size;
    const index = row + BITS + (position >>> 5);
    const mask = 1 << (position & 31);
    const word = this.#rows[index] ?? 0;
    this.#rows[index] = on ? word | mask : word & ~mask;
  }

  #word(row: number, offset: number): number {
    return this.#rows[row + offset] ?? 0;
  }
}
