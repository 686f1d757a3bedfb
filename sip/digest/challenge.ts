import { trimWhitespace } from '../message/characters.ts';
import { formatAuthParameters, parseDigestParameters } from './auth-parameters.ts';

/** What WWW-Authenticate or Proxy-Authenticate carries (RFC 3261 22.4, RFC 7616 3.3); values without quotes. */
export interface DigestChallenge {
  readonly realm: string;
  readonly nonce: string;
  readonly opaque?: string | undefined;
  /** As the server wrote it; absent means MD5. */
  readonly algorithm?: string | undefined;
  /** In the server's order; empty when it offers none (RFC 2069 peers). */
  readonly qop: readonly string[];
  readonly stale: boolean;
}

/** Reads a challenge; undefined for another scheme, a wrong form, a parameter that comes twice, or one that is missing. */
export function parseChallenge(value: string): DigestChallenge | undefined {
  const parameters = parseDigestParameters(value);
  const realm = parameters?.get('realm');
  const nonce = parameters?.get('nonce');
  if (parameters === undefined || realm === undefined || nonce === undefined) return undefined;
  const qop = (parameters.get('qop') ?? '')
    .split(',')
    .map((token) => trimWhitespace(token).toLowerCase())
    .filter((token) => token !== '');
  return {
    realm,
    nonce,
    opaque: parameters.get('opaque'),
    algorithm: parameters.get('algorithm'),
    qop,
    stale: parameters.get('stale')?.toLowerCase() === 'true',
  };
}

/** `stale` is written only when it is true; qop is quoted, as RFC 3261 22.4 item 8 has it. */
export function formatChallenge({ realm, nonce, opaque, algorithm, qop, stale }: DigestChallenge): string {
  const parameters = [
    ['realm', realm],
    ['nonce', nonce],
    ['opaque', opaque],
    ['stale', stale ? 'true' : undefined],
    ['algorithm', algorithm],
    ['qop', qop.length === 0 ? undefined : qop.join(',')],
  ] as const;
  return `Digest ${formatAuthParameters(parameters, QUOTED)}`;
}

const QUOTED = new Set(['realm', 'nonce', 'opaque', 'qop']);
