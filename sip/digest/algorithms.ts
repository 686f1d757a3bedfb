import { hash } from 'node:crypto';

/** The hash of a digest algorithm. */
export type DigestHash = 'MD5' | 'SHA-256' | 'SHA-512-256';

/** The algorithm tokens of RFC 7616 and RFC 8760. */
export type DigestAlgorithm = DigestHash | `${DigestHash}-sess`;

export type DigestQop = 'auth' | 'auth-int';

/** Every algorithm, the strongest first. SHA-512-256 is SHA-512/256 of FIPS 180-4, not the first half of SHA-512. */
export const DIGEST_ALGORITHMS: readonly DigestAlgorithm[] = [
  'SHA-512-256',
  'SHA-512-256-sess',
  'SHA-256',
  'SHA-256-sess',
  'MD5',
  'MD5-sess',
];

/** The algorithm of that name in any case; an absent name means MD5 (RFC 7616 3.3); undefined for an unknown one. */
export function digestAlgorithm(name: string | undefined): DigestAlgorithm | undefined {
  return name === undefined ? 'MD5' : BY_NAME.get(name.toLowerCase());
}

/** H of RFC 7616 3.3: lower-case hexadecimal, 32 characters for MD5, 64 for the others. A string is taken as Latin-1. */
export function digestHash(algorithm: DigestAlgorithm, data: string | Uint8Array): string {
  // hash() takes a string as UTF-8, which says the same as Latin-1 for ASCII only.
  const input = typeof data === 'string' && !isAscii(data) ? Buffer.from(data, 'latin1') : data;
  return hash(nodeName(algorithm), input, 'hex');
}

export function isSessionAlgorithm(algorithm: DigestAlgorithm): boolean {
  return algorithm.endsWith('-sess');
}

export function isDigestQop(text: string | undefined): text is DigestQop {
  return text === 'auth' || text === 'auth-int';
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0x7f) return false;
  return true;
}

const BY_NAME: ReadonlyMap<string, DigestAlgorithm> = new Map(
  DIGEST_ALGORITHMS.map((algorithm) => [algorithm.toLowerCase(), algorithm]),
);

/** What node:crypto calls the hash. */
function nodeName(algorithm: DigestAlgorithm): string {
  switch (algorithm) {
    case 'MD5':
    case 'MD5-sess':
      return 'md5';
    case 'SHA-256':
    case 'SHA-256-sess':
      return 'sha256';
    case 'SHA-512-256':
    case 'SHA-512-256-sess':
      return 'sha512-256';
  }
}
