import {
  computeResponse,
  computeRspauth,
  digestAlgorithm,
  equalDigests,
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
} from '../../sip/digest/index.ts';
import { quote, type SipRequest } from '../../sip/message/index.ts';
import type { AuthenticationResult } from './authenticator.ts';
import type { Identity } from './identity.ts';
import { monotonicNow } from './monotonic-now.ts';
import { statusOf, type ChallengeReason, type StatusReason } from './refusal-reasons.ts';

export interface DigestVerifierOptions {
  readonly realm: string;
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
export interface DigestClaim extends DigestCredentials {
  readonly hash: DigestAlgorithm;
  readonly qop: DigestQop;
  readonly nc: string;
  readonly cnonce: string;
}

/**
 * The server's side of SIP digest (RFC 3261 22, RFC 7616, RFC 8760), whatever the secret is: challenges, reads claims,
 * verifies them, and proves the server in return. Nonces are bound to the realm alone, so that an agent behind a NAT that
 * changes its address goes on; whoever has the same nonce secret accepts them.
 */
export class DigestVerifier {
  readonly realm: string;
  readonly #options: DigestVerifierOptions;
  readonly #nonces: NonceFactory;
  readonly #window: NonceCountWindow;
  readonly #challenges: readonly ChallengeParts[];
  readonly #staleChallenges: readonly ChallengeParts[];
  readonly #fields: (typeof FIELDS)['proxy' | 'server'];

  constructor(options: DigestVerifierOptions) {
    const now = options.now ?? monotonicNow;
    this.realm = options.realm;
    this.#options = options;
    this.#fields = FIELDS[options.challenge];
    this.#nonces = new NonceFactory({
      secret: options.nonceSecret,
      lifetimeSeconds: options.nonceLifetimeSeconds,
      now,
    });
    this.#challenges = challenges(options, false);
    this.#staleChallenges = challenges(options, true);
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

  /** What a request claims; or, with an `outcome`, the answer to one that claims nothing that can be verified. */
  claim(request: SipRequest): DigestClaim | AuthenticationResult {
    const credentials = this.#credentials(request);
    if (credentials === 'malformed') return this.refuse(request, 'malformed-credentials');
    // An IMS agent sends its first REGISTER with both empty, only to tell its name (TS 24.229 5.1.1.2.3).
    if (credentials === undefined || (credentials.nonce === '' && credentials.response === '')) {
      return this.challenge(request, 'no-credentials');
    }
    const { username, realm, nonce, uri, response, algorithm, opaque, qop, nc, cnonce } = credentials;
    const hash = digestAlgorithm(credentials.algorithm);
    if (
      hash === undefined ||
      !this.#options.algorithms.includes(hash) ||
      !isDigestQop(qop) ||
      !this.#options.qop.includes(qop) ||
      nc === undefined ||
      cnonce === undefined
    ) {
      return this.challenge(request, 'unsupported-credentials');
    }
    // Member by member: V8 makes a copy with dots, and what is added to it, by a slow way.
    return { username, realm, nonce, uri, response, algorithm, opaque, hash, qop, nc, cnonce };
  }

  /** Undefined when a claim is right, and its nonce count is used up by it; else why it is not. */
  check(request: SipRequest, claim: DigestClaim, ha1: string): 'wrong-key' | 'stale' | 'replay' | undefined {
    const { hash: algorithm, uri, nonce, nc, cnonce, qop } = claim;
    const { method, body } = request;
    const expected = computeResponse({ algorithm, ha1, uri, nonce, nc, cnonce, qop, method, body });
    if (!equalDigests(expected, claim.response.toLowerCase())) return 'wrong-key';
    const verdict = this.#nonces.verify(nonce, this.realm);
    // The key is right and only the nonce is not, from before a restart, say: the agent need not ask its user.
    if (verdict.outcome !== 'valid') return 'stale';
    switch (this.#window.accept(verdict.id, Number.parseInt(nc, 16), verdict.expiresAt)) {
      case 'ok':
        return undefined;
      case 'replay':
        return 'replay';
      case 'full':
        return 'stale';
    }
  }

  /** The result for a claim that is right; responses get the proof that the server has the secret too. */
  accept(claim: DigestClaim, ha1: string, identity: Identity): AuthenticationResult {
    const { info } = this.#fields;
    return {
      outcome: 'authenticated',
      identity,
      decorate: (response) => {
        const { hash: algorithm, uri, nonce, nc, cnonce, qop } = claim;
        const rspauth = computeRspauth({ algorithm, ha1, uri, nonce, nc, cnonce, qop, body: response.body });
        response.set(info, formatAuthenticationInfo({ rspauth, qop, cnonce, nc }));
      },
    };
  }

  /** One challenge an algorithm, with the same nonce (RFC 8760 2.4); the same for every reason but `stale`. */
  challenge(request: SipRequest, reason: ChallengeReason): AuthenticationResult {
    // Neither can be sent again with credentials (RFC 3261 22.1).
    if (request.method === 'ACK' || request.method === 'CANCEL') {
      return { outcome: 'refused', reason, response: request.createResponse(403) };
    }
    const response = request.createResponse(this.#fields.status);
    const nonce = this.#nonces.create(this.realm);
    for (const { before, after } of reason === 'stale' ? this.#staleChallenges : this.#challenges) {
      response.append(this.#fields.challenge, before + nonce + after);
    }
    return { outcome: 'challenge', reason, response };
  }

  /** Refuses what no credentials can mend. */
  refuse(request: SipRequest, reason: StatusReason): AuthenticationResult {
    const status = statusOf(reason);
    const response = request.createResponse(status);
    if (status === 503) response.set('Retry-After', String(RETRY_AFTER_SECONDS));
    return { outcome: 'refused', reason, response };
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
}

/** A challenge without its nonce, which is all that differs from one to the next. */
interface ChallengeParts {
  readonly before: string;
  readonly after: string;
}

function challenges({ realm, algorithms, qop }: DigestVerifierOptions, stale: boolean): ChallengeParts[] {
  return algorithms.map((algorithm) => {
    const text = formatChallenge({ realm, nonce: '', algorithm, qop, stale });
    // The realm is quoted: a quotation mark in it would be escaped.
    const at = text.indexOf(NONCE, text.indexOf(quote(realm)) + quote(realm).length) + NONCE.length;
    return { before: text.slice(0, at), after: text.slice(at) };
  });
}

const NONCE = 'nonce="';

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
