import { randomBytes } from 'node:crypto';

import {
  computeHa1,
  computeResponse,
  computeRspauth,
  equalDigests,
  formatAuthenticationInfo,
  formatChallenge,
  NonceCountWindow,
  NonceFactory,
  parseCredentials,
} from '../../../sip/digest/index.ts';
import { monotonicNow } from '../../identity/index.ts';
import type { AuthenticationRefusal } from './authentication-refusals.ts';

export interface HttpDigestOptions {
  readonly realm: string;
  readonly nonceLifetimeSeconds: number;
  readonly nonceCountWindow: number;
  readonly maximumNonces: number;
  /** Names of initiators to their passwords. */
  readonly passwords: ReadonlyMap<string, string>;
  /** Milliseconds on a clock that is never set back. */
  readonly now?: () => number;
}

export type DigestVerdict =
  /** `info` is the value of Authentication-Info: the proof that the server has the password too. */
  | { readonly ok: true; readonly name: string; readonly info: string }
  | { readonly ok: false; readonly reason: AuthenticationRefusal };

const ALGORITHM = 'SHA-256';
const QOP = 'auth';

/** The server's side of HTTP Digest (RFC 7616) with SHA-256 and qop=auth. */
export class HttpDigest {
  readonly #realm: string;
  /** H(name:realm:password) of each initiator. */
  readonly #keys: ReadonlyMap<string, string>;
  readonly #nobody: string;
  readonly #nonces: NonceFactory;
  readonly #window: NonceCountWindow;

  constructor(options: HttpDigestOptions) {
    const { realm, passwords, nonceLifetimeSeconds, nonceCountWindow, maximumNonces, now = monotonicNow } = options;
    this.#realm = realm;
    this.#keys = new Map(
      [...passwords].map(([name, password]) => [name, computeHa1(ALGORITHM, name, realm, password)]),
    );
    this.#nobody = randomBytes(32).toString('hex');
    this.#nonces = new NonceFactory({ secret: randomBytes(32), lifetimeSeconds: nonceLifetimeSeconds, now });
    this.#window = new NonceCountWindow({ size: nonceCountWindow, maxNonces: maximumNonces, now });
  }

  /** How many initiators have a password. */
  get size(): number {
    return this.#keys.size;
  }

  /** The value of WWW-Authenticate. */
  challenge(stale: boolean): string {
    const nonce = this.#nonces.create(this.#realm);
    return formatChallenge({ realm: this.#realm, nonce, algorithm: ALGORITHM, qop: [QOP], stale });
  }

  /** @param target the request-target as it came (RFC 9112 3.2) */
  verify(authorization: string, method: string, target: string): DigestVerdict {
    const credentials = parseCredentials(authorization);
    if (credentials === undefined) return refused('malformed-credentials');
    const { realm, uri, nonce, username, qop, nc, cnonce } = credentials;
    const supported = credentials.algorithm?.toUpperCase() === ALGORITHM && qop === QOP && realm === this.#realm;
    if (!supported || nc === undefined || cnonce === undefined) return refused('digest-unsupported');
    // RFC 7616 3.4.6: the two must be the same resource; nothing but the same text is sure to be.
    if (uri !== target) return refused('digest-uri-mismatch');
    const key = this.#keys.get(username);
    const claim = { algorithm: ALGORITHM, ha1: key ?? this.#nobody, uri, nonce, nc, cnonce, qop } as const;
    const right = equalDigests(computeResponse({ ...claim, method }), credentials.response.toLowerCase());
    if (!right || key === undefined) return refused('digest-wrong');
    const verdict = this.#nonces.verify(nonce, this.#realm);
    if (verdict.outcome !== 'valid') return refused('digest-stale');
    switch (this.#window.accept(verdict.id, Number.parseInt(nc, 16), verdict.expiresAt)) {
      case 'replay':
        return refused('digest-replay');
      case 'full':
        return refused('digest-nonces-full');
      case 'ok':
        return {
          ok: true,
          name: username,
          info: formatAuthenticationInfo({ qop, rspauth: computeRspauth(claim), cnonce, nc }),
        };
    }
  }
}

function refused(reason: AuthenticationRefusal): DigestVerdict {
  return { ok: false, reason };
}
