import { randomBytes } from 'node:crypto';

import { Core } from 'sip.js';

import { answerChallenge, type ChallengeAnswer } from '../../sip/index.ts';
import { provesPeer } from './proves-peer.ts';

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
  readonly #takeChallenges: (callId: string) => readonly string[];
  #answer: ChallengeAnswer | undefined;

  /** @param takeChallenges gives the challenges that came for a Call-ID */
  constructor(
    loggerFactory: Core.LoggerFactory,
    identity: DigestIdentity,
    takeChallenges: (callId: string) => readonly string[],
  ) {
    super(loggerFactory, undefined, identity.username, undefined);
    this.#identity = identity;
    this.#takeChallenges = takeChallenges;
  }

  override authenticate(request: Core.OutgoingRequestMessage): boolean {
    this.#answer = answerChallenge({
      challenges: this.#takeChallenges(request.callId),
      ...this.#identity,
      method: request.method,
      uri: request.ruri.toString(),
      body: Buffer.from(request.body?.body ?? '', 'utf8').toString('latin1'),
      cnonce: randomBytes(16).toString('hex'),
      preferredQop: 'auth-int',
    });
    return this.#answer !== undefined;
  }

  override toString(): string {
    return this.#answer?.credentials ?? '';
  }

  /** False when the answer claims to come from who shares our key (Authentication-Info), and its proof is wrong. */
  provesPeer(info: string | undefined, body: string): boolean {
    return provesPeer(this.#answer, info, Buffer.from(body, 'utf8').toString('latin1'));
  }
}
