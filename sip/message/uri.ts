import { isIP } from 'node:net';

import { isToken, parseDecimal, trimWhitespace } from './characters.ts';
import { formatParameters, NO_PARAMETERS, parseParameters, type Parameters } from './parameters.ts';

/** A sip or sips URI (RFC 3261 19.1). Escapes are kept as they were written. */
export interface SipUri {
  readonly scheme: 'sip' | 'sips';
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** Lower-cased; IPv6 without brackets. */
  readonly host: string;
  readonly port?: number | undefined;
  readonly parameters: Parameters;
  /** What stands behind `?`. */
  readonly headers?: string | undefined;
}

/** A tel URI (RFC 3966). */
export interface TelUri {
  readonly scheme: 'tel';
  /** As written, visual separators included. */
  readonly number: string;
  readonly parameters: Parameters;
}

/** A URI of a scheme that the engine does not look into; `scheme` is lower-case and not sip, sips or tel. */
export interface OtherUri {
  readonly scheme: string;
  readonly opaque: string;
}

export type Uri = SipUri | TelUri | OtherUri;

export function isSipUri(uri: Uri | undefined): uri is SipUri {
  return uri !== undefined && 'host' in uri;
}

export function isTelUri(uri: Uri | undefined): uri is TelUri {
  return uri !== undefined && 'number' in uri;
}

/** A service URN, such as urn:service:sos, the emergency call (RFC 5031). */
export function isServiceUrn(uri: Uri): boolean {
  return 'opaque' in uri && uri.scheme === 'urn' && uri.opaque.toLowerCase().startsWith('service:');
}

/** Reads a URI, or gives undefined when it is malformed (RFC 3261 19.1.1, RFC 3966 3, RFC 3986 3.1). */
export function parseUri(text: string): Uri | undefined {
  const colon = text.indexOf(':');
  if (colon <= 0) return undefined;
  const scheme = text.startsWith('sip:') ? 'sip' : text.slice(0, colon).toLowerCase();
  if (scheme === 'sip' || scheme === 'sips') return parseSipUri(scheme, text, colon + 1);
  if (!isScheme(scheme) || !isUriText(text)) return undefined;
  if (scheme === 'tel') return parseTelUri(text.slice(colon + 1));
  return { scheme, opaque: text.slice(colon + 1) };
}

export function formatUri(uri: Uri): string {
  if (isSipUri(uri)) {
    const user = uri.user === undefined ? '' : `${uri.user}${uri.password === undefined ? '' : `:${uri.password}`}@`;
    const port = uri.port === undefined ? '' : `:${uri.port}`;
    const headers = uri.headers === undefined ? '' : `?${uri.headers}`;
    return `${uri.scheme}:${user}${formatHost(uri.host)}${port}${formatParameters(uri.parameters)}${headers}`;
  }
  if (isTelUri(uri)) return `tel:${uri.number}${formatParameters(uri.parameters)}`;
  return `${uri.scheme}:${uri.opaque}`;
}

/** A host as it stands in a URI: an IPv6 address in brackets. */
export function formatHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** Reads `host` or `host:port` from `start` to `end`; IPv6 in brackets. */
export function parseHostPort(
  text: string,
  start: number,
  end: number,
): { host: string; port: number | undefined } | undefined {
  let hostEnd: number;
  let host: string;
  if (text.charCodeAt(start) === 0x5b) {
    hostEnd = text.indexOf(']', start) + 1;
    if (hostEnd <= 0 || hostEnd > end) return undefined;
    // An error in the grammar of RFC 3261 asks for three colons before an embedded IPv4 address (RFC 5118 4.10).
    host = text
      .slice(start + 1, hostEnd - 1)
      .toLowerCase()
      .replace(':::', '::');
    if (isIP(host) !== 6) return undefined;
  } else {
    const colon = text.indexOf(':', start);
    hostEnd = colon < 0 || colon > end ? end : colon;
    host = trimWhitespace(text.slice(start, hostEnd));
    if (!isHostName(host)) {
      host = host.toLowerCase();
      if (!isHostName(host)) return undefined;
    }
  }
  if (hostEnd === end) return { host, port: undefined };
  const rest = trimWhitespace(text.slice(hostEnd, end));
  if (rest === '') return { host, port: undefined };
  if (!rest.startsWith(':')) return undefined;
  const port = parseDecimal(trimWhitespace(rest.slice(1)), 65_535);
  return port === undefined ? undefined : { host, port };
}

/** Small letters, digits, `-` and `.`, and `_`, which real networks use though RFC 3261 does not. */
function isHostName(host: string): boolean {
  if (host.length === 0 || host.length > 255) return false;
  for (let index = 0; index < host.length; index++) {
    const code = host.charCodeAt(index);
    const good =
      (code >= 0x61 && code <= 0x7a) ||
      (code >= 0x30 && code <= 0x39) ||
      code === 0x2d ||
      code === 0x2e ||
      code === 0x5f;
    if (!good) return false;
  }
  return true;
}

function parseSipUri(scheme: 'sip' | 'sips', text: string, start: number): SipUri | undefined {
  if (!isUriText(text)) return undefined;
  // The user part may hold `;` and `?`, so it is looked for first; what follows the host may hold an escaped @ only.
  const at = text.indexOf('@', start);
  let hostStart = start;
  let user: string | undefined;
  let password: string | undefined;
  if (at >= 0) {
    if (text.indexOf('@', at + 1) >= 0) return undefined;
    const colon = text.indexOf(':', start);
    const split = colon >= 0 && colon < at;
    user = text.slice(start, split ? colon : at);
    if (split) password = text.slice(colon + 1, at);
    if (user === '' || !hasGoodEscapes(user)) return undefined;
    hostStart = at + 1;
  }
  const question = text.indexOf('?', hostStart);
  const parametersEnd = question < 0 ? text.length : question;
  const semicolon = text.indexOf(';', hostStart);
  const hostEnd = semicolon < 0 || semicolon > parametersEnd ? parametersEnd : semicolon;
  const hostPort = parseHostPort(text, hostStart, hostEnd);
  if (hostPort === undefined) return undefined;
  const parameters = hostEnd === parametersEnd ? NO_PARAMETERS : parseParameters(text.slice(0, parametersEnd), hostEnd);
  if (parameters === undefined) return undefined;
  const { host, port } = hostPort;
  // All of the same shape: objects that differ in which members they have make every reader of them slow.
  return {
    scheme,
    user,
    password,
    host,
    port,
    parameters,
    headers: question < 0 ? undefined : text.slice(question + 1),
  };
}

function parseTelUri(text: string): TelUri | undefined {
  const semicolon = text.indexOf(';');
  const number = semicolon < 0 ? text : text.slice(0, semicolon);
  const parameters = semicolon < 0 ? NO_PARAMETERS : parseParameters(text, semicolon);
  if (parameters === undefined || !isTelephoneNumber(number)) return undefined;
  return { scheme: 'tel', number, parameters };
}

/** Digits of RFC 3966: hexadecimal, `*`, `#`, a leading `+`, visual separators; at least one digit. */
function isTelephoneNumber(number: string): boolean {
  let digits = 0;
  for (let index = number.startsWith('+') ? 1 : 0; index < number.length; index++) {
    const character = number.charAt(index);
    if ('0123456789abcdefABCDEF*#'.includes(character)) digits++;
    else if (!'-.()'.includes(character)) return false;
  }
  return digits > 0;
}

function isScheme(scheme: string): boolean {
  const first = scheme.charCodeAt(0);
  return first >= 0x61 && first <= 0x7a && isToken(scheme);
}

/** Only characters that a URI may hold (RFC 3986 2): no space, control character, quotation mark, backslash or bracket of a name-addr. */
export function isUriText(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (URI_CHARACTER[text.charCodeAt(index)] !== 1) return false;
  return true;
}

const URI_CHARACTER = new Uint8Array(256);
for (let code = 0x21; code < 0x7f; code++) URI_CHARACTER[code] = 1;
for (const character of '"<>\\^`{|}') URI_CHARACTER[character.charCodeAt(0)] = 0;

function hasGoodEscapes(text: string): boolean {
  for (let index = text.indexOf('%'); index >= 0; index = text.indexOf('%', index + 1)) {
    if (!/^[0-9A-Fa-f]{2}$/.test(text.slice(index + 1, index + 3))) return false;
  }
  return true;
}
