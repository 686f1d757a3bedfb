import { isSipUri, parseNameAddress, parseUri, uriEquals, type SipRequest } from '../../sip/message/index.ts';
import type { Identity } from './identity.ts';

export type Judgement =
  /** `asserted`: the URIs for P-Asserted-Identity, at most one sip or sips and one tel. */
  { readonly allowed: true; readonly asserted: readonly string[] } | { readonly allowed: false };

/**
 * Whether a peer may send a request under the name that it gives, and which name is asserted for it (RFC 3325 5, TS 24.229
 * 5.2.6.3): the P-Preferred-Identity that is one of its public identities, else From, which must be one. What is asserted
 * is spelt as the key centre has it. A REGISTER must also be for one of them. Nothing is asserted for a trusted peer, who
 * does that for itself, and for one that proved nothing.
 */
export function judge(identity: Identity, request: SipRequest): Judgement {
  if (identity.scheme === 'trusted' || identity.scheme === 'none') return { allowed: true, asserted: [] };
  const { impus } = identity;
  if (request.method === 'REGISTER' && find(impus, request.to.uri) === undefined) return { allowed: false };
  const preferred = preferredIdentities(impus, request);
  if (preferred.length > 0) return { allowed: true, asserted: preferred };
  const from = request.from.uri;
  const own = impus.includes(from) ? from : isAnonymous(from) ? impus[0] : find(impus, from);
  return own === undefined ? { allowed: false } : { allowed: true, asserted: [own] };
}

const NONE: readonly string[] = [];

/** The hints that are good, the first of each kind (RFC 3325 9.2). */
function preferredIdentities(impus: readonly string[], request: SipRequest): readonly string[] {
  if (!request.has('P-Preferred-Identity')) return NONE;
  let sip: string | undefined;
  let tel: string | undefined;
  for (const value of request.values('P-Preferred-Identity')) {
    const uri = parseNameAddress(value)?.uri;
    const impu = uri === undefined ? undefined : find(impus, uri);
    if (impu === undefined) continue;
    if (isSipUri(parseUri(impu))) sip ??= impu;
    else tel ??= impu;
  }
  return [sip, tel].filter((impu) => impu !== undefined);
}

function find(impus: readonly string[], uri: string): string | undefined {
  if (impus.includes(uri)) return uri;
  const parsed = parseUri(uri);
  return parsed === undefined ? undefined : impus.find((impu) => uriEquals(impu, parsed));
}

/** RFC 3323 4.1.1.3. */
function isAnonymous(from: string): boolean {
  const uri = parseUri(from);
  return isSipUri(uri) && uri.host === 'anonymous.invalid' && uri.user?.toLowerCase() === 'anonymous';
}
