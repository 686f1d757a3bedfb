import { timingSafeEqual } from 'node:crypto';

import { nafKeyPassword, parseBtid, type NafId } from '../../kmc/gba/index.ts';
import type { BootstrappingInfo } from '../../kmc/key-centre.ts';
import {
  computeHa1,
  computeResponse,
  computeRspauth,
  digestAlgorithm,
  formatAuthenticationInfo,
  formatChallenge,
  isDigestQop,
  isDigestScheme,
  NonceCountWindow,
  NonceFactory,
  parseCredentials,
  parseDigestParameters,
  type DigestAlgorithm,
  type DigestCredentials,
  type DigestQop,
  type NonceVerdict,
} from '../../sip/digest/index.ts';
import type { SipRequest, SipResponse } from '../../sip/message/index.ts';
import type { AuthenticationResult, Authenticator, RefusalReason } from './authenticator.ts';
import type { Identity } from './identity.ts';
import type { KeyCache, KeyLookup } from './key-cache.ts';
import { monotonicNow } from './monotonic-now.ts';

export interface GbaDigestAuthenticatorOptions {
  /** `3GPP-bootstrapping@` and the gateway's FQDN, usually (TS 24.109 5.2). */
  readonly realm: string;
  readonly nafId: NafId;
  readonly keys: KeyCache;
  readonly gsids: readonly number[];
  /** On offer, the preferred one first (RFC 8760 2.4). */
  readonly algorithms: readonly DigestAlgorithm[];
  readonly qop: readonly DigestQop[];
  /** 407 with Proxy-Authenticate, or 401 with WWW-Authenticate. */
  readonly challenge: 'proxy' | 'server';
  /** 16 octets or more. */
  readonly nonceSecret: Buffer;
  readonly nonceLifetimeSeconds: number;
  readonly nonceCountWindow: number;
  readonly maximumNonces: number;
  /** Milliseconds since 1970-01-01T00:00:00Z; must not be set back. */
  readonly now?: () => number;
}

/** Credentials that are complete and of what is on offer. */
interface Claim extends DigestCredentials {
  readonly hash: DigestAlgorithm;
  readonly qop: DigestQop;
  readonly nc: string;
  readonly cnonce: string;
}

/**
 * SIP digest with a GBA key: the user name is a B-TID, the password the NAF key in base64 (TS 33.220, TS 24.109 5.2).
 * Nonces are bound to the realm alone, so that an agent behind a NAT that changes its address goes on.
 */
export class GbaDigestAuthenticator implements Authenticator {
  readonly scheme = 'gba-digest';
  readonly realm: string;
  readonly #options: GbaDigestAuthenticatorOptions;
  readonly #nonces: NonceFactory;
  readonly #window: NonceCountWindow;
  readonly #fields: (typeof FIELDS)['proxy' | 'server'];
  /** HA1 of each algorithm, for as long as the key cache holds the key. */
  readonly #ha1 = new WeakMap<BootstrappingInfo, Map<string, string>>();

  constructor(options: GbaDigestAuthenticatorOptions) {
    const now = options.now ?? monotonicNow;
    this.realm = options.realm;
    this.#options = options;
    this.#fields = FIELDS[options.challenge];
    this.#nonces = new NonceFactory({
      secret: options.nonceSecret,
      lifetimeSeconds: options.nonceLifetimeSeconds,
      now,
    });
    this.#window = new NonceCountWindow({ size: options.nonceCountWindow, maxNonces: options.maximumNonces, now });
  }

  /** How the counts of nonces went: accepted, replayed, or refused because too many nonces live. */
  get nonceCounters(): NonceCountWindow['counters'] {
    return this.#window.counters;
  }

  /** How full the table of live nonces is, from 0 to 1. */
  get nonceFill(): number {
    return this.#window.nonceCount / this.#options.maximumNonces;
  }

  authenticate(request: SipRequest): AuthenticationResult | Promise<AuthenticationResult> {
    const credentials = this.#credentials(request);
    if (credentials === 'malformed') return refuse(request, 400, 'malformed-credentials');
    // An IMS agent sends its first REGISTER with both empty, only to tell its name (TS 24.229 5.1.1.2.3).
    if (credentials === undefined || (credentials.nonce === '' && credentials.response === '')) {
      return this.#challenge(request, 'no-credentials');
    }
    const claim = this.#claim(credentials);
    if (claim === undefined) return this.#challenge(request, 'malformed-credentials');
    if (parseBtid(claim.username) === undefined) return this.#challenge(request, 'unknown-user');
    const { keys, nafId, gsids } = this.#options;
    const lookup = keys.find({ btid: claim.username, nafId, gsids });
    if (lookup instanceof Promise) return lookup.then((settled) => this.#decide(request, claim, settled));
    return this.#decide(request, claim, lookup);
  }

  /** The credentials for our realm; `malformed` when there are none, but some that cannot be read. */
  #credentials(request: SipRequest): DigestCredentials | 'malformed' | undefined {
    let malformed = false;
    for (const value of request.headers(this.#fields.credentials)) {
      if (!isDigestScheme(value)) continue;
      const credentials = parseCredentials(value);
      if (credentials?.realm === this.realm) return credentials;
      if (credentials !== undefined) continue;
      const realm = parseDigestParameters(value)?.get('realm');
      malformed ||= realm === undefined || realm === this.realm;
    }
    return malformed ? 'malformed' : undefined;
  }

  #claim(credentials: DigestCredentials): Claim | undefined {
    const { qop, nc, cnonce } = credentials;
    const hash = digestAlgorithm(credentials.algorithm);
    if (hash === undefined || !this.#options.algorithms.includes(hash)) return undefined;
    if (!isDigestQop(qop) || !this.#options.qop.includes(qop) || nc === undefined || cnonce === undefined)
      return undefined;
    return { ...credentials, hash, qop, nc, cnonce };
  }

  #decide(request: SipRequest, claim: Claim, lookup: KeyLookup): AuthenticationResult {
    switch (lookup.outcome) {
      case 'unknown':
        return this.#challenge(request, 'unknown-user');
      case 'expired':
        return this.#challenge(request, 'expired-key');
      case 'not-authorised':
        return refuse(request, 403, 'not-authorised');
      case 'unavailable':
        return refuse(request, 503, 'key-centre-unavailable');
      case 'found':
        return this.#verify(request, claim, lookup.info);
    }
  }

  #verify(request: SipRequest, claim: Claim, info: BootstrappingInfo): AuthenticationResult {
    const ha1 = this.#ha1Of(info, claim);
    const proof = { ...claim, algorithm: claim.hash, ha1 };
    const expected = computeResponse({ ...proof, method: request.method, body: request.body });
    if (!equals(expected, claim.response.toLowerCase())) return this.#challenge(request, 'wrong-key');
    const verdict = this.#nonces.verify(claim.nonce, this.realm);
    // The key is right and only the nonce is not, from before a restart, say: the agent need not ask its user.
    if (verdict.outcome !== 'valid') return this.#challenge(request, 'stale');
    const refusal = this.#count(verdict, claim);
    if (refusal !== undefined) return this.#challenge(request, refusal);
    return {
      outcome: 'authenticated',
      identity: identityOf(claim, info),
      decorate: (response) => {
        const { qop, cnonce, nc } = claim;
        const rspauth = computeRspauth({ ...proof, body: response.body });
        response.set(this.#fields.info, formatAuthenticationInfo({ rspauth, qop, cnonce, nc }));
      },
    };
  }

  #count(verdict: Exclude<NonceVerdict, { outcome: 'foreign' }>, claim: Claim): RefusalReason | undefined {
    switch (this.#window.accept(verdict.id, Number.parseInt(claim.nc, 16), verdict.expiresAt)) {
      case 'ok':
        return undefined;
      case 'replay':
        return 'replay';
      case 'full':
        return 'stale';
    }
  }

  #ha1Of(info: BootstrappingInfo, { hash, username }: Claim): string {
    const known = this.#ha1.get(info) ?? new Map<string, string>();
    this.#ha1.set(info, known);
    let ha1 = known.get(hash);
    if (ha1 === undefined) {
      ha1 = computeHa1(hash, username, this.realm, nafKeyPassword(info.keys.meKeyMaterial));
      known.set(hash, ha1);
    }
    return ha1;
  }

  /** One challenge an algorithm, with the same nonce (RFC 8760 2.4); the same for every reason but `stale`. */
  #challenge(request: SipRequest, reason: RefusalReason): AuthenticationResult {
    // Neither can be sent again with credentials (RFC 3261 22.1).
    if (request.method === 'ACK' || request.method === 'CANCEL') return refuse(request, 403, reason);
    const { realm } = this;
    const { algorithms, qop } = this.#options;
    const response = request.createResponse(this.#fields.status);
    const nonce = this.#nonces.create(realm);
    for (const algorithm of algorithms) {
      response.append(
        this.#fields.challenge,
        formatChallenge({ realm, nonce, algorithm, qop, stale: reason === 'stale' }),
      );
    }
    return { outcome: 'challenge', reason, response };
  }
}

const FIELDS = {
  proxy: {
    status: 407,
    challenge: 'Proxy-Authenticate',
    credentials: 'Proxy-Authorization',
    info: 'Proxy-Authentication-Info',
  },
  server: {
    status: 401,
    challenge: 'WWW-Authenticate',
    credentials: 'Authorization',
    info: 'Authentication-Info',
  },
} as const;

const RETRY_AFTER_SECONDS = 5;

function refuse(request: SipRequest, status: number, reason: RefusalReason): AuthenticationResult {
  const response: SipResponse = request.createResponse(status);
  if (status === 503) response.set('Retry-After', String(RETRY_AFTER_SECONDS));
  return { outcome: 'refused', reason, response };
}

function identityOf(claim: Claim, info: BootstrappingInfo): Identity {
  return {
    scheme: 'gba-digest',
    subject: claim.username,
    algorithm: claim.hash,
    ...(info.impi === undefined ? {} : { impi: info.impi }),
    impus: [...new Set(info.securitySettings.flatMap((setting) => setting.uids))],
    expiresAt: info.expiresAt,
  };
}

/** In a time that does not tell how much of it is right. */
function equals(expected: string, given: string): boolean {
  const a = Buffer.from(expected, 'latin1');
  const b = Buffer.from(given, 'latin1');
  return a.length === b.length && timingSafeEqual(a, b);
}
