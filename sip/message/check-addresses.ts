import { isToken, isTokenCode, isTokenOrHost } from './characters.ts';
import type { SipMessage } from './message.ts';
import { parseNameAddress, type NameAddress } from './name-address.ts';
import { splitValues } from './parameters.ts';
import { isUriText, parseUri } from './uri.ts';

/**
 * What is wrong with the addresses that say who a message is from and to, and where its sender wants to be reached. Servers
 * behind an edge have crashed on a bad Contact, and read From differently where it is not quite an address; so what cannot
 * be read to its end is refused here (RFC 3261 20.10, 20.20, 20.39).
 */
export function checkAddresses(message: SipMessage): 'malformed-from-or-to' | 'malformed-contact' | undefined {
  if (!isTaggedAddress(message.header('From') ?? '', message.from)) return 'malformed-from-or-to';
  if (!isTaggedAddress(message.header('To') ?? '', message.to)) return 'malformed-from-or-to';
  return message.has('Contact') && !areContacts(message.headers('Contact')) ? 'malformed-contact' : undefined;
}

/** One address, parameters that are tokens, hosts or quoted-strings, and a tag that is a token (RFC 3261 25.1) where there is one. */
function isTaggedAddress(text: string, address: NameAddress): boolean {
  // Whoever relies on From reads the rest of the URI; here it is enough that it is one.
  if (!hasScheme(address.uri)) return false;
  const { parameters } = address;
  if (parameters.size === 1 && parameters.has('tag'))
    return isToken(parameters.get('tag') ?? '') && !hasBadEscape(text);
  if (parameters.size === 0) return !hasBadEscape(text);
  for (const [name, value] of parameters) {
    if (name === 'tag' ? !isToken(value ?? '') : value !== undefined && !isPlainOrQuoted(value)) return false;
  }
  return !hasBadEscape(text);
}

function isPlainOrQuoted(value: string): boolean {
  return value.startsWith('"') || isTokenOrHost(value);
}

/** A backslash makes a character of ASCII stand for itself, and no other (quoted-pair). */
function hasBadEscape(text: string): boolean {
  for (let at = text.indexOf('\\'); at >= 0; at = text.indexOf('\\', at + 2))
    if (text.charCodeAt(at + 1) > 0x7f) return true;
  return false;
}

function hasScheme(uri: string): boolean {
  let index = 0;
  while (index < uri.length && isTokenCode(uri.charCodeAt(index))) index++;
  return index > 0 && index < uri.length - 1 && uri.charCodeAt(index) === 0x3a && isUriText(uri);
}

/** `*` by itself, or addresses. */
function areContacts(fields: readonly string[]): boolean {
  if (fields.length === 1 && fields[0] === '*') return true;
  return fields.every((field) => (field.includes(',') ? splitValues(field).every(isContact) : isContact(field)));
}

function isContact(value: string): boolean {
  const address = parseNameAddress(value);
  return address !== undefined && parseUri(address.uri) !== undefined;
}
