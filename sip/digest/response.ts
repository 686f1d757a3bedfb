import { digestHash, isSessionAlgorithm, type DigestAlgorithm, type DigestQop } from './algorithms.ts';

export interface DigestResponseInput {
  readonly algorithm: DigestAlgorithm;
  /** From {@link computeHa1}; secret. */
  readonly ha1: string;
  readonly method: string;
  /** The digest-uri as it stands in the credentials. */
  readonly uri: string;
  readonly nonce: string;
  /** Eight hexadecimal digits; used with qop only. */
  readonly nc?: string | undefined;
  readonly cnonce?: string | undefined;
  readonly qop?: DigestQop | undefined;
  /** The entity body in Latin-1, one character an octet; used with auth-int only. Empty where absent. */
  readonly body?: string | undefined;
}

/**
 * H(username:realm:password) (RFC 7616 3.4.2). What a `-sess` algorithm adds, {@link computeResponse} does, so that this
 * value can be kept for as long as the password. Strings are Latin-1. The result is as secret as the password.
 */
export function computeHa1(algorithm: DigestAlgorithm, username: string, realm: string, password: string): string {
  return digestHash(algorithm, `${username}:${realm}:${password}`);
}

/** The `response` of credentials (RFC 7616 3.4.1; RFC 2617 3.2.2.1 without qop). */
export function computeResponse(input: DigestResponseInput): string {
  return compute(input, input.method);
}

/** The `rspauth` of Authentication-Info: as `response`, over the body of the answer and no method (RFC 7616 3.5). */
export function computeRspauth(input: Omit<DigestResponseInput, 'method'>): string {
  return compute(input, '');
}

function compute(input: Omit<DigestResponseInput, 'method'>, method: string): string {
  const { algorithm, nonce, qop, uri } = input;
  const cnonce = input.cnonce ?? '';
  const ha1 = isSessionAlgorithm(algorithm) ? digestHash(algorithm, `${input.ha1}:${nonce}:${cnonce}`) : input.ha1;
  const a2 = qop === 'auth-int' ? `${method}:${uri}:${digestHash(algorithm, input.body ?? '')}` : `${method}:${uri}`;
  const ha2 = digestHash(algorithm, a2);
  const middle = qop === undefined ? nonce : `${nonce}:${input.nc ?? ''}:${cnonce}:${qop}`;
  return digestHash(algorithm, `${ha1}:${middle}:${ha2}`);
}
