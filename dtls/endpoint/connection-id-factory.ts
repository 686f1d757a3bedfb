import { Hmac } from '../suites/hmac.ts';

/** Octets behind the random ones: the worker's number, and one that is always zero; both are hidden by a mask. */
const HIDDEN_OCTETS = 2;

/** Identifiers that share their memory. */
const SLAB_IDENTIFIERS = 256;

const KEY_OCTETS = 16;

const DEFAULT_OCTETS = 8;

/** Bounds of the length: 16 random bits and what is hidden, and the longest connection identifiers of QUIC load balancers. */
export const CONNECTION_ID_OCTETS = { minimum: 4, maximum: 20 };

export const MAXIMUM_WORKER = 255;

export interface ConnectionIdFactoryOptions {
  /** Octets of every connection identifier. */
  readonly length?: number | undefined;
  /** 0 to 255. */
  readonly worker?: number | undefined;
  /** What all workers share. */
  readonly key?: Buffer | undefined;
  readonly random: (length: number) => Buffer;
}

/**
 * Makes connection identifiers (RFC 9146) that carry the number of the worker which gave them out: random octets, then the
 * number and a zero octet under a mask that only those make who have the key. So nobody else can tell which identifiers have a
 * worker in common, and of those that none of ours gave out, all but one in 256 are known as such.
 */
export class ConnectionIdFactory {
  readonly length: number;
  readonly worker: number;
  readonly #random: (length: number) => Buffer;
  readonly #hmac: Hmac;
  /** The last mask, in its first octets. */
  readonly #code: Buffer;
  #slab: Buffer = Buffer.alloc(0);
  #used = 0;

  constructor({ length, worker, key, random }: ConnectionIdFactoryOptions) {
    this.length = length ?? DEFAULT_OCTETS;
    this.worker = worker ?? 0;
    this.#random = random;
    // Without a key the number is still found by every worker, but by strangers as well.
    this.#hmac = new Hmac('sha256', key ?? Buffer.alloc(KEY_OCTETS));
    this.#code = Buffer.alloc(this.#hmac.length);
  }

  make(): Buffer {
    const id = this.#allocate();
    const randomOctets = this.length - HIDDEN_OCTETS;
    this.#random(randomOctets).copy(id);
    const mask = this.#mask(id, 0);
    id[randomOctets] = (mask[0] ?? 0) ^ this.worker;
    id[randomOctets + 1] = mask[1] ?? 0;
    return id;
  }

  /** The number of the worker that gave out the connection identifier at `offset`; undefined when none of ours did. */
  workerOf(datagram: Buffer, offset: number): number | undefined {
    if (offset + this.length > datagram.length) return undefined;
    const mask = this.#mask(datagram, offset);
    const hidden = offset + this.length - HIDDEN_OCTETS;
    if (datagram[hidden + 1] !== mask[1]) return undefined;
    return (datagram[hidden] ?? 0) ^ (mask[0] ?? 0);
  }

  /** A buffer of its own would take ten times its octets for as long as the association lives. */
  #allocate(): Buffer {
    if (this.#used + this.length > this.#slab.length) {
      this.#slab = Buffer.allocUnsafeSlow(SLAB_IDENTIFIERS * this.length);
      this.#used = 0;
    }
    this.#used += this.length;
    return this.#slab.subarray(this.#used - this.length, this.#used);
  }

  #mask(octets: Buffer, offset: number): Buffer {
    const randomOctets = this.length - HIDDEN_OCTETS;
    octets.copy(this.#hmac.message(randomOctets), 0, offset, offset + randomOctets);
    this.#hmac.finish(randomOctets, this.#code, 0);
    return this.#code;
  }
}
