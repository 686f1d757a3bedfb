import { isSipUri, isTelUri, parseUri, type SipUri, type TelUri, type Uri } from './uri.ts';

/** Parameters that must match whenever either URI has them (RFC 3261 19.1.4). */
const SIGNIFICANT_PARAMETERS = ['user', 'ttl', 'method', 'maddr', 'transport'] as const;

/** Whether two URIs are equivalent: RFC 3261 19.1.4 for sip and sips, RFC 3966 4 for tel, octet by octet for others. */
export function uriEquals(first: Uri | string, second: Uri | string): boolean {
  const a = typeof first === 'string' ? parseUri(first) : first;
  const b = typeof second === 'string' ? parseUri(second) : second;
  if (a === undefined || b === undefined || a.scheme !== b.scheme) return false;
  if (isSipUri(a)) return isSipUri(b) && sipUriEquals(a, b);
  if (isTelUri(a)) return isTelUri(b) && telUriEquals(a, b);
  return !isSipUri(b) && !isTelUri(b) && a.opaque === b.opaque;
}

function sipUriEquals(a: SipUri, b: SipUri): boolean {
  if (a.port !== b.port || a.host !== b.host) return false;
  if (normaliseEscapes(a.user) !== normaliseEscapes(b.user)) return false;
  if (normaliseEscapes(a.password) !== normaliseEscapes(b.password)) return false;
  for (const name of SIGNIFICANT_PARAMETERS) if (a.parameters.has(name) !== b.parameters.has(name)) return false;
  for (const [name, value] of a.parameters) {
    if (b.parameters.has(name) && value?.toLowerCase() !== b.parameters.get(name)?.toLowerCase()) return false;
  }
  return sortedHeaders(a) === sortedHeaders(b);
}

function telUriEquals(a: TelUri, b: TelUri): boolean {
  if (withoutSeparators(a.number) !== withoutSeparators(b.number)) return false;
  if (a.parameters.size !== b.parameters.size) return false;
  for (const [name, value] of a.parameters) {
    if (!b.parameters.has(name)) return false;
    const other = b.parameters.get(name);
    if (withoutSeparators(value ?? '').toLowerCase() !== withoutSeparators(other ?? '').toLowerCase()) return false;
  }
  return true;
}

/** `%61` and `a` are the same character; `%40` stays, since @ may not stand unescaped there. */
function normaliseEscapes(text: string | undefined): string | undefined {
  if (text?.includes('%') !== true) return text;
  return text.replace(/%[0-9A-Fa-f]{2}/g, (escape) => {
    const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    return /[A-Za-z0-9\-_.!~*'()]/.test(character) ? character : escape.toLowerCase();
  });
}

function sortedHeaders(uri: SipUri): string {
  return (uri.headers ?? '').split('&').sort().join('&');
}

function withoutSeparators(text: string): string {
  return text.replace(/[-.()]/g, '').toLowerCase();
}
