import { SipError } from '../errors.ts';

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

interface Seen {
  highest: number;
  /** One bit for each of the last `size` counts, at count modulo size. */
  readonly bits: Uint32Array;
}

/**
 * Which counts of which nonces were used (RFC 7616 5.12). Counts may arrive out of order within the window: agents that
 * send in parallel over UDP do that. A nonce is forgotten only when it has expired.
 */
export class NonceCountWindow {
  readonly #size: number;
  readonly #maxNonces: number;
  readonly #now: () => number;
  readonly #seen = new Map<string, Seen>();
  /** Nonces by the second that they expire in. */
  readonly #expiring = new Map<number, string[]>();
  readonly #counters = { accepted: 0, replays: 0, full: 0 };
  #purgedSecond = -1;

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
  }

  get counters(): Readonly<Record<'accepted' | 'replays' | 'full', number>> {
    return this.#counters;
  }

  /** How many nonces are remembered. */
  get nonceCount(): number {
    return this.#seen.size;
  }

  /**
   * Takes note of one use. Call it only when the digest is right and the nonce has not expired.
   *
   * @param nc 1 to 2^32 - 1
   * @param expiresAt when the nonce ends, milliseconds; never where absent
   */
  accept(id: string, nc: number, expiresAt = Number.POSITIVE_INFINITY): NonceCountVerdict {
    let seen = this.#seen.get(id);
    if (seen === undefined) {
      this.#purge();
      if (this.#seen.size >= this.#maxNonces) {
        this.#counters.full++;
        return 'full';
      }
      if (nc < 1) return this.#replay();
      seen = { highest: 0, bits: new Uint32Array(Math.ceil(this.#size / 32)) };
      this.#seen.set(id, seen);
      this.#remember(id, expiresAt);
    }
    if (nc < 1 || nc <= seen.highest - this.#size) return this.#replay();
    if (nc > seen.highest) this.#advance(seen, nc);
    else if (isSet(seen.bits, nc % this.#size)) return this.#replay();
    setBit(seen.bits, nc % this.#size, true);
    this.#counters.accepted++;
    return 'ok';
  }

  #replay(): 'replay' {
    this.#counters.replays++;
    return 'replay';
  }

  #advance(seen: Seen, nc: number): void {
    if (nc - seen.highest >= this.#size) seen.bits.fill(0);
    else for (let count = seen.highest + 1; count < nc; count++) setBit(seen.bits, count % this.#size, false);
    seen.highest = nc;
  }

  #remember(id: string, expiresAt: number): void {
    if (expiresAt === Number.POSITIVE_INFINITY) return;
    const second = Math.floor(expiresAt / 1000);
    const ids = this.#expiring.get(second);
    if (ids === undefined) this.#expiring.set(second, [id]);
    else ids.push(id);
  }

  /** Once a second at most, and only over as many entries as there are seconds in a nonce's life. */
  #purge(): void {
    const second = Math.floor(this.#now() / 1000);
    if (second <= this.#purgedSecond) return;
    this.#purgedSecond = second;
    for (const [expired, ids] of this.#expiring) {
      if (expired >= second) continue;
      for (const id of ids) this.#seen.delete(id);
      this.#expiring.delete(expired);
    }
  }
}

function isSet(bits: Uint32Array, position: number): boolean {
  return (((bits[position >>> 5] ?? 0) >>> (position & 31)) & 1) === 1;
}

function setBit(bits: Uint32Array, position: number, on: boolean): void {
  const mask = 1 << (position & 31);
  const word = bits[position >>> 5] ?? 0;
  bits[position >>> 5] = on ? word | mask : word & ~mask;
}
