import { isToken, isWhitespace, trimWhitespace } from '../message/characters.ts';
import { quote, skipQuoted, unquote } from '../message/parameters.ts';

/** Parameters of a challenge or of credentials: lower-case names, values without quotes and escapes. */
export type AuthParameters = ReadonlyMap<string, string>;

/** Whether a header field value begins with the Digest scheme, well-formed or not. */
export function isDigestScheme(value: string): boolean {
  return value.slice(0, 6).toLowerCase() === 'digest' && (value.length === 6 || isWhitespace(value.charCodeAt(6)));
}

/** The parameters of `Digest name=value, ...`; undefined for another scheme, a wrong form, or a name that comes twice. */
export function parseDigestParameters(value: string): AuthParameters | undefined {
  return isDigestScheme(value) ? parseAuthParameters(value, 6) : undefined;
}

/** Reads `name=value, name="value"` from `start` to the end; undefined for a wrong form or a name that comes twice. */
export function parseAuthParameters(text: string, start = 0): AuthParameters | undefined {
  const parameters = new Map<string, string>();
  let position = start;
  for (;;) {
    const equals = text.indexOf('=', position);
    if (equals < 0) return undefined;
    const name = trimWhitespace(text.slice(position, equals)).toLowerCase();
    let begin = equals + 1;
    while (begin < text.length && isWhitespace(text.charCodeAt(begin))) begin++;
    const quoted = text.charCodeAt(begin) === 0x22;
    const behind = quoted ? skipQuoted(text, begin) : begin;
    if (behind < 0) return undefined;
    const comma = text.indexOf(',', behind);
    const end = comma < 0 ? text.length : comma;
    const rest = trimWhitespace(text.slice(behind, end));
    if (!isToken(name) || parameters.has(name) || (quoted ? rest !== '' : !isToken(rest))) return undefined;
    parameters.set(name, quoted ? unquote(text.slice(begin, behind)) : rest);
    if (comma < 0) return parameters;
    position = comma + 1;
  }
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
