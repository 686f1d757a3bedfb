import { isToken, trimWhitespace } from './characters.ts';

/** Parameters after `;`, by lower-case name; a value is undefined for a bare name, and keeps its quotes. */
export type Parameters = Map<string, string | undefined>;

/**
 * Reads `;name=value;name` from `start` to the end of `text`; undefined when the form is wrong or a name comes twice.
 * White space round `;` and `=` is allowed (RFC 3261 25.1, SEMI and EQUAL).
 */
export function parseParameters(text: string, start = 0): Parameters | undefined {
  const parameters: Parameters = new Map();
  let position = start;
  while (position < text.length) {
    if (text.charCodeAt(position) !== 0x3b) {
      if (trimWhitespace(text.slice(position)) === '') break;
      return undefined;
    }
    const end = nextSemicolon(text, position + 1);
    const parameter = text.slice(position + 1, end);
    // Looked for in the parameter alone: the rest of the text is long when there are many.
    const equals = parameter.indexOf('=');
    const hasValue = equals >= 0;
    const name = trimWhitespace(hasValue ? parameter.slice(0, equals) : parameter).toLowerCase();
    if (!isToken(name) || parameters.has(name)) return undefined;
    const value = hasValue ? trimWhitespace(parameter.slice(equals + 1)) : undefined;
    if (value !== undefined && !isParameterValue(value)) return undefined;
    parameters.set(name, value);
    position = end;
  }
  return parameters;
}

export function formatParameters(parameters: ReadonlyMap<string, string | undefined>): string {
  let text = '';
  for (const [name, value] of parameters) text += value === undefined ? `;${name}` : `;${name}=${value}`;
  return text;
}

/** Makes a quoted-string (RFC 3261 25.1). */
export function quote(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

/** The content of a quoted-string, or the text as it is when it is not one. */
export function unquote(text: string): string {
  if (text.length < 2 || !text.startsWith('"') || !text.endsWith('"')) return text;
  let content = '';
  for (let index = 1; index < text.length - 1; index++) {
    if (text.charCodeAt(index) === 0x5c) index++;
    content += text.charAt(index);
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

function nextSemicolon(text: string, start: number): number {
  for (let index = start; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 0x3b) return index;
    if (code === 0x22) {
      const behind = skipQuoted(text, index);
      if (behind < 0) return text.length;
      index = behind - 1;
    }
  }
  return text.length;
}

/** A token, a host (brackets and colons), or one whole quoted-string; escapes of URI parameters pass as well. */
function isParameterValue(value: string): boolean {
  if (value.startsWith('"')) return skipQuoted(value, 0) === value.length;
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index);
    if (code <= 0x20 || code === 0x22 || code === 0x2c || code === 0x3c || code === 0x3e || code === 0x7f) return false;
  }
  return value.length > 0;
}
