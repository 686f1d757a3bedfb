import { formatAuthParameters, parseAuthParameters, parseDigestParameters } from './auth-parameters.ts';

/** What Authorization or Proxy-Authorization carries (RFC 3261 22.4, RFC 7616 3.4); values without quotes. */
export interface DigestCredentials {
  readonly username: string;
  readonly realm: string;
  readonly nonce: string;
  readonly uri: string;
  readonly response: string;
  /** As the peer wrote it; absent means MD5. */
  readonly algorithm?: string | undefined;
  readonly cnonce?: string | undefined;
  readonly opaque?: string | undefined;
  /** As the peer wrote it. */
  readonly qop?: string | undefined;
  /** Eight hexadecimal digits. */
  readonly nc?: string | undefined;
}

/** What Authentication-Info or Proxy-Authentication-Info carries (RFC 7616 3.5, RFC 7615). */
export interface AuthenticationInfo {
  readonly rspauth?: string | undefined;
  readonly qop?: string | undefined;
  readonly cnonce?: string | undefined;
  readonly nc?: string | undefined;
  readonly nextnonce?: string | undefined;
}

/**
 * Reads credentials; undefined for another scheme, a wrong form, a parameter that comes twice, or one that is missing.
 * Parameters that RFC 3261 does not know are skipped.
 */
export function parseCredentials(value: string): DigestCredentials | undefined {
  const parameters = parseDigestParameters(value);
  if (parameters === undefined) return undefined;
  const username = parameters.get('username');
  const realm = parameters.get('realm');
  const nonce = parameters.get('nonce');
  const uri = parameters.get('uri');
  const response = parameters.get('response');
  const nc = parameters.get('nc');
  const qop = parameters.get('qop');
  const cnonce = parameters.get('cnonce');
  if (username === undefined || realm === undefined || nonce === undefined) return undefined;
  if (uri === undefined || response === undefined) return undefined;
  if (nc !== undefined && !isNonceCount(nc)) return undefined;
  // With qop both must be there (RFC 3261 22.4 item 8, RFC 7616 3.4).
  if (qop !== undefined && (nc === undefined || cnonce === undefined)) return undefined;
  return {
    username,
    realm,
    nonce,
    uri,
    response,
    algorithm: parameters.get('algorithm'),
    cnonce,
    opaque: parameters.get('opaque'),
    qop,
    nc,
  };
}

export function formatCredentials(credentials: DigestCredentials): string {
  const { username, realm, nonce, uri, response, algorithm, cnonce, opaque, qop, nc } = credentials;
  const parameters = [
    ['username', username],
    ['realm', realm],
    ['nonce', nonce],
    ['uri', uri],
    ['response', response],
    ['algorithm', algorithm],
    ['cnonce', cnonce],
    ['opaque', opaque],
    ['qop', qop],
    ['nc', nc],
  ] as const;
  return `Digest ${formatAuthParameters(parameters, QUOTED)}`;
}

/** Reads Authentication-Info; undefined for a wrong form or a parameter that comes twice. */
export function parseAuthenticationInfo(value: string): AuthenticationInfo | undefined {
  const parameters = parseAuthParameters(value);
  if (parameters === undefined) return undefined;
  return {
    rspauth: parameters.get('rspauth'),
    qop: parameters.get('qop'),
    cnonce: parameters.get('cnonce'),
    nc: parameters.get('nc'),
    nextnonce: parameters.get('nextnonce'),
  };
}

export function formatAuthenticationInfo({ rspauth, qop, cnonce, nc, nextnonce }: AuthenticationInfo): string {
  const parameters = [
    ['nextnonce', nextnonce],
    ['qop', qop],
    ['rspauth', rspauth],
    ['cnonce', cnonce],
    ['nc', nc],
  ] as const;
  return formatAuthParameters(parameters, QUOTED);
}

/** The digits of `nc` for a request count of 1 to 2^32 - 1. */
export function formatNonceCount(count: number): string {
  return count.toString(16).padStart(8, '0');
}

const QUOTED = new Set(['username', 'realm', 'nonce', 'uri', 'response', 'cnonce', 'opaque', 'rspauth', 'nextnonce']);

function isNonceCount(text: string): boolean {
  if (text.length !== 8) return false;
  for (let index = 0; index < 8; index++) if (!'0123456789abcdefABCDEF'.includes(text.charAt(index))) return false;
  return true;
}
