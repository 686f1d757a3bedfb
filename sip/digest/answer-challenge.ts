import {
  digestAlgorithm,
  isDigestQop,
  isSessionAlgorithm,
  type DigestAlgorithm,
  type DigestQop,
} from './algorithms.ts';
import { parseChallenge, type DigestChallenge } from './challenge.ts';
import { formatCredentials, formatNonceCount, type DigestCredentials } from './credentials.ts';
import { computeHa1, computeResponse } from './response.ts';

export interface AnswerChallengeInput {
  /** The field values of WWW-Authenticate or of Proxy-Authenticate, in their order. */
  readonly challenges: readonly string[];
  readonly username: string;
  /** Secret. */
  readonly password: string;
  readonly method: string;
  /** The Request-URI. */
  readonly uri: string;
  /** Latin-1, one character an octet. */
  readonly body?: string;
  /** New for each challenge, and hard to guess. */
  readonly cnonce: string;
  /** How many requests were sent with this nonce, this one included; 1 where absent. */
  readonly nonceCount?: number;
  /** The realm to answer; any where absent. */
  readonly realm?: string;
  /** The algorithms that are good enough; all where absent. */
  readonly algorithms?: readonly DigestAlgorithm[];
  /** Taken when the server offers it; auth where absent, which survives a proxy that edits bodies. */
  readonly preferredQop?: DigestQop;
}

export interface ChallengeAnswer {
  /** The value for Authorization or Proxy-Authorization. */
  readonly credentials: string;
  readonly fields: DigestCredentials;
  readonly challenge: DigestChallenge;
  readonly algorithm: DigestAlgorithm;
  readonly qop: DigestQop | undefined;
  /** For the requests to come with this nonce, and to check `rspauth`; secret. */
  readonly ha1: string;
}

/**
 * Answers the first challenge with an algorithm and a qop that are supported: servers put the one that they prefer first
 * (RFC 8760 2.4). Undefined when there is none.
 */
export function answerChallenge(input: AnswerChallengeInput): ChallengeAnswer | undefined {
  for (const value of input.challenges) {
    const challenge = parseChallenge(value);
    if (challenge === undefined || (input.realm !== undefined && challenge.realm !== input.realm)) continue;
    const algorithm = digestAlgorithm(challenge.algorithm);
    if (algorithm === undefined || input.algorithms?.includes(algorithm) === false) continue;
    const offered = challenge.qop.filter(isDigestQop);
    const preferred = input.preferredQop ?? 'auth';
    const qop = offered.includes(preferred) ? preferred : offered[0];
    // Without qop there is no cnonce (RFC 3261 22.4 item 8), which a session algorithm cannot do without.
    if (qop === undefined && (challenge.qop.length > 0 || isSessionAlgorithm(algorithm))) continue;
    return answer(input, challenge, algorithm, qop);
  }
  return undefined;
}

function answer(
  input: AnswerChallengeInput,
  challenge: DigestChallenge,
  algorithm: DigestAlgorithm,
  qop: DigestQop | undefined,
): ChallengeAnswer {
  const { username, password, method, uri, body } = input;
  const { realm, nonce, opaque } = challenge;
  const ha1 = computeHa1(algorithm, username, realm, password);
  const proof = qop === undefined ? {} : { qop, cnonce: input.cnonce, nc: formatNonceCount(input.nonceCount ?? 1) };
  const response = computeResponse({ algorithm, ha1, method, uri, nonce, body, ...proof });
  const fields = { username, realm, nonce, uri, response, algorithm: challenge.algorithm, opaque, ...proof };
  return { credentials: formatCredentials(fields), fields, challenge, algorithm, qop, ha1 };
}
