import { randomBytes, timingSafeEqual } from 'node:crypto';

import { SipError } from '../errors.ts';
import { Hmac } from '../hmac.ts';
import { RandomPool } from '../random-pool.ts';

export interface NonceFactoryOptions {
  /** 16 octets or more. Of several the first makes nonces, and all verify them, so that a secret can be changed. */
  readonly secret: Buffer | readonly Buffer[];
  readonly lifetimeSeconds: number;
  /** Milliseconds since 1970-01-01T00:00:00Z. A clock that is never set back keeps an expired nonce expired. */
  readonly now?: () => number;
  readonly random?: (octets: number) => Buffer;
}

export type NonceVerdict =
  /** `expiresAt` is in milliseconds of the factory's clock; `id` is different for each nonce. */
  | { readonly outcome: 'valid' | 'expired'; readonly id: string; readonly expiresAt: number }
  /** Not made with a secret of ours, or for another context. */
  | { readonly outcome: 'foreign' };

/**
 * Nonces that need no memory: time and random octets, with an HMAC over both and a context (RFC 7616 3.3, 5.4). Any
 * process with the same secret accepts them. 40 characters of base64url.
 */
export class NonceFactory {
  readonly #secrets: readonly Hmac[];
  readonly #lifetime: number;
  readonly #now: () => number;
  readonly #random: RandomPool;
  readonly #made = Buffer.alloc(HEAD_OCTETS + MAC_OCTETS);
  readonly #expected = Buffer.alloc(MAC_OCTETS);

  /** @throws SipError OSGATE_SIP_INVALID_ARGUMENT for no secret, or one of less than 16 octets */
  constructor({ secret, lifetimeSeconds, now = Date.now, random = randomBytes }: NonceFactoryOptions) {
    const secrets = Buffer.isBuffer(secret) ? [secret] : secret;
    if (secrets.length === 0 || secrets.some((one) => one.length < 16)) {
      throw new SipError('OSGATE_SIP_INVALID_ARGUMENT', 'a nonce secret has 16 octets or more');
    }
    this.#secrets = secrets.map((one) => new Hmac(one));
    this.#lifetime = lifetimeSeconds * 1000;
    this.#now = now;
    this.#random = new RandomPool(random);
  }

  /** A new nonce that verifies with the same `context` only, a realm, say. */
  create(context: string): string {
    const octets = this.#made;
    octets.writeUIntBE(Math.floor(this.#now()), 0, TIME_OCTETS);
    this.#random.fill(octets, TIME_OCTETS, HEAD_OCTETS - TIME_OCTETS);
    this.#secrets[0]?.write(octets.subarray(0, HEAD_OCTETS), context, octets, HEAD_OCTETS, MAC_OCTETS);
    return octets.toString('base64url');
  }

  verify(nonce: string, context: string): NonceVerdict {
    const octets = Buffer.from(nonce, 'base64url');
    // Decoding is lenient, and a nonce in two spellings would be counted as two.
    if (octets.length !== HEAD_OCTETS + MAC_OCTETS || octets.toString('base64url') !== nonce)
      return { outcome: 'foreign' };
    const head = octets.subarray(0, HEAD_OCTETS);
    const given = octets.subarray(HEAD_OCTETS);
    if (!this.#isOurs(head, context, given)) return { outcome: 'foreign' };
    const createdAt = head.readUIntBE(0, TIME_OCTETS);
    const expiresAt = createdAt + this.#lifetime;
    const age = this.#now() - createdAt;
    // A time to come is that of another process's clock, or of ours before it was set back by a lifetime or more.
    const live = age < this.#lifetime && age > -this.#lifetime;
    return { outcome: live ? 'valid' : 'expired', id: nonce, expiresAt };
  }
  #isOurs(head: Buffer, context: string, given: Buffer): boolean {
    for (const secret of this.#secrets) {
      secret.write(head, context, this.#expected, 0, MAC_OCTETS);
      if (timingSafeEqual(this.#expected, given)) return true;
    }
    return false;
  }
}

const TIME_OCTETS = 6;
const HEAD_OCTETS = 14;
const MAC_OCTETS = 16;
