import { codeAt, isToken, isWhitespace, skipToken, skipWhitespace } from '../message/characters.ts';
import { ParameterList } from '../message/parameter-list.ts';
import { quote, quotedContent, skipQuoted } from '../message/parameters.ts';

/** Parameters of a challenge or of credentials: lower-case names, values without quotes and escapes. */
export type AuthParameters = ReadonlyMap<string, string | undefined>;

/** Whether a header field value begins with the Digest scheme, well-formed or not. */
export function isDigestScheme(value: string): boolean {
  return value.slice(0, 6).toLowerCase() === 'digest' && (value.length === 6 || isWhitespace(value.charCodeAt(6)));
}

/** The parameters of `Digest name=value, ...`; undefined for another scheme, a wrong form, or a name that comes twice. */
export function parseDigestParameters(value: string): AuthParameters | undefined {
  // Whoever checks credentials and whoever takes them off look at the same value one after the other.
  if (value !== lastValue) {
    lastParameters = isDigestScheme(value) ? parseAuthParameters(value, 6) : undefined;
    lastValue = value;
  }
  return lastParameters;
}

let lastValue: string | undefined;
let lastParameters: AuthParameters | undefined;

/** Reads `name=value, name="value"` from `start` to the end; undefined for a wrong form or a name that comes twice. */
export function parseAuthParameters(text: string, start = 0): AuthParameters | undefined {
  const parameters = new ParameterList();
  let position = start;
  for (;;) {
    const nameStart = skipWhitespace(text, position);
    const nameEnd = skipToken(text, nameStart);
    const equals = skipWhitespace(text, nameEnd);
    if (nameEnd === nameStart || codeAt(text, equals) !== 0x3d) return undefined;
    const name = authParameterName(text, nameStart, nameEnd);
    const valueStart = skipWhitespace(text, equals + 1);
    const quoted = codeAt(text, valueStart) === 0x22;
    const valueEnd = quoted ? skipQuoted(text, valueStart) : skipToken(text, valueStart);
    if (valueEnd <= valueStart) return undefined;
    const value = quoted ? quotedContent(text, valueStart, valueEnd) : text.slice(valueStart, valueEnd);
    if (!parameters.add(name, value)) return undefined;
    position = skipWhitespace(text, valueEnd);
    if (position >= text.length) return parameters;
    if (text.charCodeAt(position) !== 0x2c) return undefined;
    position++;
  }
}

/** Names of RFC 7616, by their length. */
const BY_LENGTH = Array.from({ length: 10 }, (_, length) =>
  ['username', 'realm', 'nonce', 'uri', 'response', 'algorithm', 'cnonce', 'opaque', 'qop', 'nc', 'stale'].filter(
    (name) => name.length === length,
  ),
);

const NONE: readonly string[] = [];

/** The lower-case name that stands in a text; a known one is always the same string, of which the hash is known too. */
function authParameterName(text: string, start: number, end: number): string {
  const names = end - start < BY_LENGTH.length ? (BY_LENGTH[end - start] ?? NONE) : NONE;
  for (const name of names) if (text.startsWith(name, start)) return name;
  return text.slice(start, end).toLowerCase();
}

/** Joins parameters, leaving out the absent ones; those named in `quoted`, and those that are no token, become quoted-strings. */
export function formatAuthParameters(
  parameters: readonly (readonly [name: string, value: string | undefined])[],
  quoted: ReadonlySet<string>,
): string {
  let text = '';
  for (const [name, value] of parameters) {
    if (value === undefined) continue;
    text += `${text === '' ? '' : ', '}${name}=${quoted.has(name) || !isToken(value) ? quote(value) : value}`;
  }
  return text;
}
