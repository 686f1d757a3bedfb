import { trimWhitespace } from './characters.ts';
import { headerName } from './header-names.ts';

/** The fields whose quoted-strings are shown to people, and may hold a control character behind a backslash. */
const WITH_DISPLAY_NAME: ReadonlySet<string> = new Set(['From', 'To', 'Contact']);

/**
 * True when every control character of a header line stands where RFC 3261 25.1 (quoted-pair) lets it: behind a backslash in a
 * quoted-string of an address, as RFC 4475 3.1.1.2 has it. Anywhere else, and for CR and LF everywhere, it is a trap for one
 * reader or another.
 */
export function hasOnlyQuotedControls(line: string): boolean {
  const colon = line.indexOf(':');
  if (colon < 0 || !WITH_DISPLAY_NAME.has(headerName(trimWhitespace(line.slice(0, colon))).canonical)) return false;
  let quoted = false;
  for (let index = 0; index < line.length; index++) {
    let code = line.charCodeAt(index);
    if (quoted && code === 0x5c) {
      index++;
      code = line.charCodeAt(index);
      if (index === line.length || code === 0x0d || code === 0x0a) return false;
    } else if (code === 0x22) quoted = !quoted;
    else if (code === 0x7f || (code < 0x20 && code !== 0x09)) return false;
  }
  return !quoted;
}
