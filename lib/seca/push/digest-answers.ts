import { randomBytes } from 'node:crypto';

import {
  answerChallenge,
  parseChallenge,
  type ChallengeAnswer,
  type SipRequest,
  type SipResponse,
} from '../../../sip/index.ts';
import { provesPeer } from '../proves-peer.ts';

/** A name and a password for one realm. */
export interface SipCredentials {
  /** The only realm that they are used for; another one may be somebody else's trap. */
  readonly realm: string;
  /**
   * @param renew what was used last is refused
   * @returns undefined when there is nothing newer
   */
  get(renew: boolean): Promise<{ readonly username: string; readonly password: string } | undefined>;
}

/** Where the challenges of a status stand, and the answer to them (RFC 3261 22.2, 22.3). */
const FIELDS: Readonly<Partial<Record<number, readonly [string, string]>>> = {
  401: ['WWW-Authenticate', 'Authorization'],
  407: ['Proxy-Authenticate', 'Proxy-Authorization'],
};

/** Answers the challenges to one request and its repetitions. */
export class DigestAnswers {
  readonly #credentials: readonly SipCredentials[];
  /** Those whose answer was not good enough once. */
  readonly #answered = new Map<SipCredentials, number>();
  #last: ChallengeAnswer | undefined;

  constructor(credentials: readonly SipCredentials[]) {
    this.#credentials = credentials;
  }

  /**
   * Puts the answer to the challenges of a response into the next try of the request.
   *
   * @returns false when there is none to be given
   * @throws what getting the credentials throws
   */
  async answer(request: SipRequest, response: SipResponse): Promise<boolean> {
    const fields = FIELDS[response.status];
    if (fields === undefined) return false;
    const [challengeField, answerField] = fields;
    const challenges = response.headers(challengeField);
    for (const credentials of this.#credentials) {
      const { realm } = credentials;
      const tries = this.#answered.get(credentials) ?? 0;
      if (tries > MAXIMUM_TRIES || !challenges.some((value) => isOfRealm(value, realm))) continue;
      // A second challenge may be about a nonce that is too old; the next one is about the credentials.
      const found = await credentials.get(tries > 1 || (tries === 1 && !challenges.some(isStale)));
      this.#answered.set(credentials, tries + 1);
      if (found === undefined) return false;
      const { method, uri, body } = request;
      const cnonce = randomBytes(CNONCE_OCTETS).toString('hex');
      this.#last = answerChallenge({
        challenges,
        ...found,
        realm,
        method,
        uri,
        body,
        cnonce,
        preferredQop: 'auth-int',
      });
      if (this.#last === undefined) return false;
      request.set(answerField, this.#last.credentials);
      return true;
    }
    return false;
  }

  /** False when a response claims to come from who shares our key (Authentication-Info), and its proof is wrong. */
  provesPeer(response: SipResponse): boolean {
    const info = response.header('Proxy-Authentication-Info') ?? response.header('Authentication-Info');
    return provesPeer(this.#last, info, response.body);
  }
}

/** One with what there is, one with a new nonce, one with new keys. */
const MAXIMUM_TRIES = 2;
const CNONCE_OCTETS = 16;

function isOfRealm(challenge: string, realm: string): boolean {
  return parseChallenge(challenge)?.realm === realm;
}

function isStale(challenge: string): boolean {
  return parseChallenge(challenge)?.stale === true;
}
