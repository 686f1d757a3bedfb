import { createHash } from 'node:crypto';

/** What an AKAv1-MD5 digest of Ub is made of (TS 24.109 5.2, RFC 3310 over RFC 2617); qop is always auth-int. */
export interface UbDigestInput {
  /** The IMPI or TMPI. */
  readonly username: string;
  readonly realm: string;
  /** RES, binary, 4 to 16 octets; nothing on a request with AUTS. Secret. */
  readonly password: Uint8Array;
  /** As the challenge spelled it, base64. */
  readonly nonce: string;
  /** Eight hexadecimal digits. */
  readonly nc: string;
  readonly cnonce: string;
  readonly uri: string;
  readonly body: string | Uint8Array;
}

/** `response` of the agent's request, 32 hexadecimal digits. */
export function computeUbResponse(input: UbDigestInput & { readonly method: string }): string {
  return compute(input, input.method);
}

/** `rspauth` of the key centre's answer: over its body, and no method. */
export function computeUbRspauth(input: UbDigestInput): string {
  return compute(input, '');
}

/** H(A1): RES stands in it as octets, never as text. */
export function computeUbHa1(username: string, realm: string, password: Uint8Array): string {
  return md5(Buffer.concat([Buffer.from(`${username}:${realm}:`, 'utf8'), password]));
}

function compute(input: UbDigestInput, method: string): string {
  const { username, realm, password, nonce, nc, cnonce, uri, body } = input;
  const ha1 = computeUbHa1(username, realm, password);
  const ha2 = md5(`${method}:${uri}:${md5(body)}`);
  return md5(`${ha1}:${nonce}:${nc}:${cnonce}:auth-int:${ha2}`);
}

function md5(data: string | Uint8Array): string {
  return createHash('md5').update(data).digest('hex');
}
