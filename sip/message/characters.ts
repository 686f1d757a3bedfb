const TOKEN = new Uint8Array(256);
for (const character of "-.!%*_+`'~") TOKEN[character.charCodeAt(0)] = 1;
for (let code = 0x30; code <= 0x39; code++) TOKEN[code] = 1;
for (let code = 0x41; code <= 0x5a; code++) TOKEN[code] = TOKEN[code + 0x20] = 1;

/** True for a non-empty run of token characters (RFC 3261 25.1). */
export function isToken(text: string): boolean {
  if (text.length === 0) return false;
  for (let index = 0; index < text.length; index++) if (TOKEN[text.charCodeAt(index)] !== 1) return false;
  return true;
}

/** True for a non-empty run of token characters, colons and brackets: what a parameter without quotes may be (RFC 3261 25.1). */
export function isTokenOrHost(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (TOKEN[code] !== 1 && code !== 0x3a && code !== 0x5b && code !== 0x5d) return false;
  }
  return text.length > 0;
}

/** True for the code of one token character. */
export function isTokenCode(code: number): boolean {
  return TOKEN[code] === 1;
}

/** True for a non-empty run of digits. */
export function isDigits(text: string): boolean {
  if (text.length === 0) return false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x30 || code > 0x39) return false;
  }
  return true;
}

/** The number that a run of at most ten digits spells, or undefined for anything else or above `maximum`. */
export function parseDecimal(text: string, maximum: number): number | undefined {
  if (text.length === 0 || text.length > 10) return undefined;
  let value = 0;
  for (let index = 0; index < text.length; index++) {
    const digit = text.charCodeAt(index) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value <= maximum ? value : undefined;
}

/**
 * Without the spaces and tabs at both ends. String's own trim takes other octets off as well, a no-break space above all, that
 * are a part of the value to every reader that is not written in JavaScript.
 */
export function trimWhitespace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isWhitespace(text.charCodeAt(start))) start++;
  while (end > start && isWhitespace(text.charCodeAt(end - 1))) end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

/** Space and horizontal tab. */
export function isWhitespace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** The character code at an index; -1 behind the end, where charCodeAt would give what no table can be asked for. */
export function codeAt(text: string, index: number): number {
  return index < text.length ? text.charCodeAt(index) : -1;
}

/** The index of the first character from `start` on that is neither space nor tab. */
export function skipWhitespace(text: string, start: number): number {
  let index = start;
  while (index < text.length && isWhitespace(text.charCodeAt(index))) index++;
  return index;
}

/** The index behind the run of token characters that begins at `start`. */
export function skipToken(text: string, start: number): number {
  let index = start;
  while (index < text.length && TOKEN[text.charCodeAt(index)] === 1) index++;
  return index;
}
