import { timingSafeEqual } from 'node:crypto';

import { Hmac } from '../../sip/index.ts';

/** The URI parameter of our Record-Route and Path values that carries the token. */
export const DIALOG_TOKEN_PARAMETER = 'osg';

/** Octets of HMAC-SHA-256 kept: 96 bits cannot be guessed at any rate that a SIP listener can take. */
const TOKEN_OCTETS = 12;

/**
 * Proof, without state, that a dialog was let through by this gateway.
 *
 * The gateway writes the token into its Record-Route when it forwards an authenticated dialog-forming request, so it
 * comes back in the Route of every later request of that dialog (RFC 3261 12.2.1.1). An ACK, which may not be
 * challenged (RFC 3261 22.1), and Route entries that lead inside are accepted from an untrusted peer with it only.
 */
export class DialogTokens {
  readonly #hmac: Hmac;

  /** `secret`: at least 32 random octets, the same for every process that shares the listener. */
  constructor(secret: Buffer) {
    this.#hmac = new Hmac(secret);
  }

  /** The token of the dialog with that Call-ID: 16 characters, safe in a URI parameter. */
  issue(callId: string): string {
    return this.#compute(callId).toString('base64url');
  }

  verify(token: string | undefined, callId: string): boolean {
    if (token === undefined) return false;
    const given = Buffer.from(token, 'base64url');
    return given.length === TOKEN_OCTETS && timingSafeEqual(given, this.#compute(callId));
  }

  #compute(callId: string): Buffer {
    const token = Buffer.allocUnsafe(TOKEN_OCTETS);
    this.#hmac.write(NOTHING, callId, token, 0, TOKEN_OCTETS);
    return token;
  }
}

const NOTHING = Buffer.alloc(0);
