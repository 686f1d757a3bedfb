import { timingSafeEqual } from 'node:crypto';

import type { AssociationHost } from './association-host.ts';

/** Messages of the return routability check, content type 27 (RFC 9853; facts in B6 of the specification). */
const PATH_CHALLENGE = 0;
const PATH_RESPONSE = 1;

const COOKIE_OCTETS = 8;
const MESSAGE_OCTETS = 1 + COOKIE_OCTETS;

/** A check under way: whether the peer can be reached where its newest record came from. */
export interface PathCheck {
  readonly to: unknown;
  readonly cookie: Buffer;
  /** When it has failed. */
  readonly until: number;
}

/** A new check of that address, and the message that asks for its answer. @param timeout milliseconds */
export function beginPathCheck(
  host: AssociationHost,
  to: unknown,
  timeout: number,
): { readonly check: PathCheck; readonly challenge: Buffer } {
  const cookie = host.random(COOKIE_OCTETS);
  const challenge = Buffer.concat([Buffer.from([PATH_CHALLENGE]), cookie]);
  return { check: { to, cookie, until: host.now() + timeout }, challenge };
}

/** The answer to a challenge; undefined when `content` is none. */
export function answerPathChallenge(content: Buffer): Buffer | undefined {
  if (content.length !== MESSAGE_OCTETS || content[0] !== PATH_CHALLENGE) return undefined;
  return Buffer.concat([Buffer.from([PATH_RESPONSE]), content.subarray(1)]);
}

/** Whether `content` answers a challenge with this cookie. */
export function isPathResponse(content: Buffer, cookie: Buffer): boolean {
  return (
    content.length === MESSAGE_OCTETS && content[0] === PATH_RESPONSE && timingSafeEqual(content.subarray(1), cookie)
  );
}
