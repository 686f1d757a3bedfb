import { timingSafeEqual } from 'node:crypto';

import type { ClientHelloView } from '../handshake/client-hello-view.ts';
import { Hmac } from '../suites/hmac.ts';
import type { Peer } from '../transport/peer.ts';

/** Octets of a cookie: short enough that a HelloVerifyRequest is never larger than the ClientHello that it answers. */
export const COOKIE_OCTETS = 16;

const SECRET_OCTETS = 32;

/** What stands before the session id in a ClientHello. */
const VERSION_AND_RANDOM_OCTETS = 34;

/** The longest address in text, with a zone; longer ones are cut, which makes cookies worse only for them. */
const ADDRESS_OCTETS = 64;

export interface CookieFactoryOptions {
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number;
  readonly random: (length: number) => Buffer;
  /** How long one secret makes cookies; as long again it proves them. */
  readonly rotationMilliseconds: number;
}

/**
 * Stateless cookies (RFC 6347 4.2.1): an HMAC over the peer's address and everything of the ClientHello that must not change
 * between the first and the second. The secret is replaced by time; the one before is accepted for as long again.
 */
export class CookieFactory {
  readonly #options: CookieFactoryOptions;
  #current: Hmac;
  #previous: Hmac | undefined;
  #madeAt: number;

  constructor(options: CookieFactoryOptions) {
    this.#options = options;
    this.#current = this.#fresh();
    this.#madeAt = options.now();
  }

  make(peer: Peer, hello: ClientHelloView): Buffer {
    this.#rotate();
    return Buffer.from(codeOf(this.#current, peer, hello));
  }

  /** Whether the cookie of `hello` was made here, for this peer and this ClientHello, not too long ago. */
  proves(peer: Peer, hello: ClientHelloView): boolean {
    if (hello.cookie.length !== COOKIE_OCTETS) return false;
    this.#rotate();
    if (timingSafeEqual(codeOf(this.#current, peer, hello), hello.cookie)) return true;
    return this.#previous !== undefined && timingSafeEqual(codeOf(this.#previous, peer, hello), hello.cookie);
  }

  #rotate(): void {
    const { now, rotationMilliseconds } = this.#options;
    const age = now() - this.#madeAt;
    if (age < rotationMilliseconds) return;
    // After a long silence the last secret is too old as well.
    this.#previous = age < 2 * rotationMilliseconds ? this.#current : undefined;
    this.#current = this.#fresh();
    this.#madeAt = now();
  }

  #fresh(): Hmac {
    return new Hmac('sha256', this.#options.random(SECRET_OCTETS));
  }
}

/**
 * Every part that can have several lengths has its length before it, so that no two inputs are the same octets. The session id
 * is not covered: clients of mbedTLS 2.28 that resume with a ticket make a new one for each ClientHello, although RFC 6347 4.2.1
 * says that they must not, and would be asked for a cookie for ever.
 */
function codeOf(hmac: Hmac, { address, port }: Peer, { beforeCookie, afterCookie }: ClientHelloView): Buffer {
  const message = hmac.message(5 + ADDRESS_OCTETS + VERSION_AND_RANDOM_OCTETS + afterCookie.length);
  const addressOctets = message.write(address, 5, ADDRESS_OCTETS, 'latin1');
  message[0] = addressOctets;
  message.writeUInt16BE(port, 1);
  message.writeUInt16BE(VERSION_AND_RANDOM_OCTETS, 3);
  let length = 5 + addressOctets;
  length += beforeCookie.copy(message, length, 0, VERSION_AND_RANDOM_OCTETS);
  length += afterCookie.copy(message, length);
  hmac.finish(length, CODE, 0);
  return COOKIE;
}

/** Overwritten by each call: strangers cost no memory. */
const CODE = Buffer.alloc(32);
const COOKIE = CODE.subarray(0, COOKIE_OCTETS);
