import { randomBytes } from 'node:crypto';

import { Core } from 'sip.js';

import {
  answerChallenge,
  computeRspauth,
  formatChallenge,
  parseAuthenticationInfo,
  type ChallengeAnswer,
} from '../../sip/index.ts';

/** Who the agent is towards one NAF (TS 24.109 5.2): username B-TID, password base64 of Ks_NAF. */
export interface DigestIdentity {
  readonly username: string;
  /** Secret. */
  readonly password: string;
  /** The only realm that is answered; another one may be somebody else's trap. */
  readonly realm: string;
}

/**
 * Digest for sip.js with the algorithms of RFC 8760; its own knows MD5 only. One object serves one request and its
 * repetitions.
 */
export class SipJsDigest extends Core.DigestAuthentication {
  readonly #identity: DigestIdentity;
  #answer: ChallengeAnswer | undefined;

  constructor(loggerFactory: Core.LoggerFactory, identity: DigestIdentity) {
    super(loggerFactory, undefined, identity.username, undefined);
    this.#identity = identity;
  }

  /** The algorithm that was answered with, after a challenge. */
  get answeredAlgorithm(): string | undefined {
    return this.#answer?.algorithm;
  }

  override authenticate(request: Core.OutgoingRequestMessage, challenge: unknown): boolean {
    const offered = readChallenge(challenge);
    if (offered === undefined) return false;
    this.#answer = answerChallenge({
      challenges: [offered],
      ...this.#identity,
      method: request.method,
      uri: request.ruri.toString(),
      body: Buffer.from(request.body?.body ?? '', 'utf8').toString('latin1'),
      cnonce: randomBytes(16).toString('hex'),
      preferredQop: 'auth-int',
    });
    this.stale = false;
    return this.#answer !== undefined;
  }

  override toString(): string {
    return this.#answer?.credentials ?? '';
  }

  /** False when the answer claims to come from who shares our key (Authentication-Info), and its proof is wrong. */
  provesPeer(info: string | undefined, body: string): boolean {
    const answer = this.#answer;
    const rspauth = info === undefined ? undefined : parseAuthenticationInfo(info)?.rspauth;
    if (answer === undefined || rspauth === undefined) return true;
    const { uri, nonce, nc, cnonce } = answer.fields;
    const { algorithm, ha1, qop } = answer;
    const latin1 = Buffer.from(body, 'utf8').toString('latin1');
    return rspauth === computeRspauth({ algorithm, ha1, uri, nonce, nc, cnonce, qop, body: latin1 });
  }
}

/** sip.js hands the challenge over in parts; here they become a field value again. */
function readChallenge(challenge: unknown): string | undefined {
  if (typeof challenge !== 'object' || challenge === null) return undefined;
  const parts = challenge as Record<string, unknown>;
  const { realm, nonce, opaque, algorithm, qop } = parts;
  if (typeof realm !== 'string' || typeof nonce !== 'string') return undefined;
  return formatChallenge({
    realm,
    nonce,
    opaque: typeof opaque === 'string' ? opaque : undefined,
    algorithm: typeof algorithm === 'string' ? algorithm : undefined,
    qop: Array.isArray(qop) ? qop.filter((token) => typeof token === 'string') : [],
    stale: parts.stale === true,
  });
}
