import { isTokenCode, isWhitespace, trimWhitespace } from './characters.ts';
import {
  NO_PARAMETERS,
  parseParameters,
  quote,
  skipQuoted,
  unquote,
  formatParameters,
  type Parameters,
} from './parameters.ts';

/** A name-addr or addr-spec with header parameters: the value of From, To, Contact, Route (RFC 3261 20.10). */
export interface NameAddress {
  /** Without quotes and escapes; absent when there is none. */
  readonly displayName?: string | undefined;
  /** The URI as written; `*` for the Contact of a de-registration. */
  readonly uri: string;
  readonly parameters: Parameters;
}

/** Reads one value; undefined when it is malformed. A URI without angle brackets ends at the first `;`. */
export function parseNameAddress(text: string): NameAddress | undefined {
  let open: number;
  let displayName: string | undefined;
  if (text.charCodeAt(0) === 0x22) {
    const behind = skipQuoted(text, 0);
    if (behind < 0) return undefined;
    displayName = unquote(text.slice(0, behind));
    open = text.indexOf('<', behind);
    if (open < 0 || trimWhitespace(text.slice(behind, open)) !== '') return undefined;
  } else {
    open = text.indexOf('<');
    if (open > 0) {
      const name = trimWhitespace(text.slice(0, open));
      if (name !== '') displayName = name;
      // Tokens only (RFC 3261 25.1): in `sip:eve@example.com <sip:bob@example.com>` another reader finds another address.
      if (!areTokens(name)) return undefined;
    }
  }
  if (open < 0) return parseBareAddress(text);
  const close = text.indexOf('>', open);
  if (close < 0) return undefined;
  const uri = text.slice(open + 1, close);
  const parameters = parseTail(text, close + 1);
  if (uri === '' || uri.includes('<') || hasWhitespace(uri) || parameters === undefined) return undefined;
  return { displayName, uri, parameters };
}

export function formatNameAddress(value: NameAddress): string {
  const name = value.displayName === undefined ? '' : `${quote(value.displayName)} `;
  return `${name}<${value.uri}>${formatParameters(value.parameters)}`;
}

/** The tag parameter of a From or To value (RFC 3261 19.3). */
export function tagOf(value: NameAddress): string | undefined {
  return value.parameters.get('tag');
}

function parseBareAddress(text: string): NameAddress | undefined {
  const semicolon = text.indexOf(';');
  const uri = trimWhitespace(semicolon < 0 ? text : text.slice(0, semicolon));
  // A comma or a question mark in a URI calls for angle brackets (RFC 3261 20).
  if (uri === '' || uri.includes(',') || uri.includes('?') || uri.includes('>') || hasWhitespace(uri)) return undefined;
  const parameters = semicolon < 0 ? NO_PARAMETERS : parseParameters(text, semicolon);
  return parameters === undefined ? undefined : { displayName: undefined, uri, parameters };
}

/** Tokens with white space between them, or nothing. */
function areTokens(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (!isTokenCode(code) && !isWhitespace(code)) return false;
  }
  return true;
}

function hasWhitespace(text: string): boolean {
  return text.includes(' ') || text.includes('\t');
}

function parseTail(text: string, start: number): Parameters | undefined {
  if (start === text.length) return NO_PARAMETERS;
  const semicolon = text.indexOf(';', start);
  if (semicolon < 0) return trimWhitespace(text.slice(start)) === '' ? NO_PARAMETERS : undefined;
  return trimWhitespace(text.slice(start, semicolon)) === '' ? parseParameters(text, semicolon) : undefined;
}
