import { computeRspauth, equalDigests, parseAuthenticationInfo, type ChallengeAnswer } from '../../sip/index.ts';

/**
 * False when a response claims to come from who shares our key, and its proof is wrong (RFC 7616 3.5).
 *
 * @param answer what the request was signed with, if it was
 * @param info the value of Authentication-Info or Proxy-Authentication-Info, if there is one
 * @param body of the response, an octet a character
 */
export function provesPeer(answer: ChallengeAnswer | undefined, info: string | undefined, body: string): boolean {
  const rspauth = info === undefined ? undefined : parseAuthenticationInfo(info)?.rspauth;
  if (answer === undefined || rspauth === undefined) return true;
  const { algorithm, ha1, qop, fields } = answer;
  const { uri, nonce, nc, cnonce } = fields;
  return equalDigests(computeRspauth({ algorithm, ha1, uri, nonce, nc, cnonce, qop, body }), rspauth);
}
