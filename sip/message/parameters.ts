import { codeAt, skipToken, skipWhitespace, trimWhitespace } from './characters.ts';
import { ParameterList, parameterName } from './parameter-list.ts';

/** Parameters after `;`, by lower-case name; a value is undefined for a bare name, and keeps its quotes. */
export type Parameters = ReadonlyMap<string, string | undefined>;

/** What most values have. */
export const NO_PARAMETERS: Parameters = new ParameterList();

/**
 * Reads `;name=value;name` from `start` to the end of `text`; undefined when the form is wrong or a name comes twice.
 * White space round `;` and `=` is allowed (RFC 3261 25.1, SEMI and EQUAL).
 */
export function parseParameters(text: string, start = 0): ParameterList | undefined {
  const parameters = new ParameterList();
  const { length } = text;
  let position = start;
  while (position < length) {
    if (text.charCodeAt(position) !== SEMICOLON) {
      return skipWhitespace(text, position) === length ? parameters : undefined;
    }
    const nameStart = skipWhitespace(text, position + 1);
    const nameEnd = skipToken(text, nameStart);
    if (nameEnd === nameStart) return undefined;
    const name = parameterName(text, nameStart, nameEnd);
    position = skipWhitespace(text, nameEnd);
    let value: string | undefined;
    if (codeAt(text, position) === EQUALS) {
      const valueStart = skipWhitespace(text, position + 1);
      const quoted = codeAt(text, valueStart) === QUOTATION_MARK;
      const valueEnd = quoted ? skipQuoted(text, valueStart) : skipValue(text, valueStart);
      if (valueEnd <= valueStart) return undefined;
      value = text.slice(valueStart, valueEnd);
      position = skipWhitespace(text, valueEnd);
      if (position < length && text.charCodeAt(position) !== SEMICOLON) return undefined;
    }
    if (!parameters.add(name, value)) return undefined;
  }
  return parameters;
}

const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const QUOTATION_MARK = 0x22;

export function formatParameters(parameters: Parameters): string {
  let text = '';
  if (parameters instanceof ParameterList) {
    for (let one = parameters.first; one !== undefined; one = one.next) text += formatParameter(one.name, one.value);
    return text;
  }
  for (const [name, value] of parameters) text += formatParameter(name, value);
  return text;
}

function formatParameter(name: string, value: string | undefined): string {
  return value === undefined ? `;${name}` : `;${name}=${value}`;
}

/** Makes a quoted-string (RFC 3261 25.1). */
export function quote(text: string): string {
  if (!text.includes('\\') && !text.includes('"')) return `"${text}"`;
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

/** The content of a quoted-string, or the text as it is when it is not one. */
export function unquote(text: string): string {
  const quoted = text.length >= 2 && text.startsWith('"') && text.endsWith('"');
  return quoted ? quotedContent(text, 0, text.length) : text;
}

/** The content of the quoted-string that stands in a text from `start` to `end`, its quotation marks included. */
export function quotedContent(text: string, start: number, end: number): string {
  const escaped = text.slice(start + 1, end - 1);
  if (!escaped.includes('\\')) return escaped;
  let content = '';
  for (let index = 0; index < escaped.length; index++) {
    if (escaped.charCodeAt(index) === 0x5c) index++;
    content += escaped.charAt(index);
  }
  return content;
}

/** The index behind the quoted-string that begins at `start`, or -1 when it does not end. */
export function skipQuoted(text: string, start: number): number {
  for (let index = start + 1; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 0x5c) index++;
    else if (code === 0x22) return index + 1;
  }
  return -1;
}

/** Splits a header field value at its commas, but not at those in quotes or angle brackets (RFC 3261 7.3.1). */
export function splitValues(text: string): string[] {
  if (!text.includes(',')) return [text];
  const values: string[] = [];
  let start = 0;
  for (;;) {
    const end = nextComma(text, start);
    values.push(trimWhitespace(text.slice(start, end)));
    if (end >= text.length) return values;
    start = end + 1;
  }
}

/** The index of the comma that ends the value that begins at `start`, or the length of the text. */
export function nextComma(text: string, start: number): number {
  if (!text.includes(',', start)) return text.length;
  let depth = 0;
  for (let index = start; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 0x22 && depth === 0) {
      const behind = skipQuoted(text, index);
      if (behind < 0) return text.length;
      index = behind - 1;
    } else if (code === 0x3c) depth = 1;
    else if (code === 0x3e) depth = 0;
    else if (code === 0x2c && depth === 0) return index;
  }
  return text.length;
}

/** The index behind a token, a host (brackets and colons) or what else a URI parameter may hold, escapes included. */
function skipValue(text: string, start: number): number {
  let index = start;
  for (; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code <= 0x20 || code === 0x3b) break;
    if (code === 0x22 || code === 0x2c || code === 0x3c || code === 0x3e || code === 0x7f) return -1;
  }
  return index;
}
