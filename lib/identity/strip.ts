import { isDigestScheme, parseDigestParameters } from '../../sip/digest/index.ts';
import {
  CANONICAL_NAMES,
  headerName,
  parseParameters,
  quote,
  trimWhitespace,
  type SipMessage,
  type SipRequest,
} from '../../sip/message/index.ts';

/** Removes what only a member of the trust domain may say (RFC 3325, RFC 5876, RFC 7315, TS 24.229 4.4). */
export function stripFromUntrusted(message: SipMessage): void {
  if (message.hasAny(CLAIMED)) for (const name of CLAIMS) message.remove(name);
  stripOddNames(message);
  stripNetworkProvided(message);
  for (const name of CREDENTIALS) if (message.has(name)) stripIntegrityProtected(message, name);
}

/** Removes what is not for a peer outside: inner header fields, and the identity of one who wants privacy (RFC 3325 7). */
export function stripTowardsUntrusted(message: SipMessage): void {
  if (message.hasAny(INNER_NAMES)) for (const name of INNER) message.remove(name);
  stripNetworkProvided(message);
  if (message.has(ASSERTED_IDENTITY) && wantsPrivacy(message)) message.remove(ASSERTED_IDENTITY);
}

/**
 * Removes the credentials for `realm`, which are for the gateway alone, and digest credentials that cannot be read, in
 * which another reader might find that realm.
 */
export function removeCredentials(request: SipRequest, realm: string): void {
  for (const name of CREDENTIALS) {
    if (!request.has(name)) continue;
    keep(request, name, (value) => {
      if (!isDigestScheme(value)) return value;
      const parameters = parseDigestParameters(value);
      return parameters === undefined || parameters.get('realm') === realm ? undefined : value;
    });
  }
}

const ASSERTED_IDENTITY = 'P-Asserted-Identity';
const ACCESS_NETWORK_INFO = headerName('P-Access-Network-Info').canonical;
const CREDENTIALS = ['Authorization', 'Proxy-Authorization'] as const;

/** What one node of a trust domain tells another. */
const INNER = [
  'P-Asserted-Service',
  'P-Charging-Vector',
  'P-Charging-Function-Addresses',
  'P-Visited-Network-ID',
  'P-Served-User',
  'P-User-Database',
  'P-Profile-Key',
].map((name) => headerName(name).canonical);

/** What an agent must not bring along. */
const CLAIMS = [
  ...INNER,
  ...[
    ASSERTED_IDENTITY,
    'P-Preferred-Identity',
    // What P-Asserted-Identity was before RFC 3325; application servers still believe it.
    'Remote-Party-ID',
    'Path',
    'Service-Route',
    'Security-Server',
  ].map((name) => headerName(name).canonical),
];

const CLAIMED: ReadonlySet<string> = new Set(CLAIMS);
const INNER_NAMES: ReadonlySet<string> = new Set(INNER);

/**
 * A name may hold any of !%*`' (RFC 3261 25.1), but none that is registered does. Kamailio reads no P-Asserted-Identity in a
 * message that has such a field, and drachtio-srf undoes the escape that it takes % for.
 */
function stripOddNames(message: SipMessage): void {
  if (message.hasOnly(REGISTERED)) return;
  for (const name of message.headerNames().filter(isOddName)) message.remove(name);
}

function isOddName(name: string): boolean {
  for (let index = 0; index < name.length; index++) if (ODD.has(name.charCodeAt(index))) return true;
  return false;
}

const REGISTERED: ReadonlySet<string> = new Set(CANONICAL_NAMES);

const ODD: ReadonlySet<number> = new Set(Array.from("!%*`'", (character) => character.charCodeAt(0)));

function stripNetworkProvided(message: SipMessage): void {
  if (!message.has(ACCESS_NETWORK_INFO)) return;
  const values = message.values(ACCESS_NETWORK_INFO);
  const kept = values.filter((value) => {
    const semicolon = value.indexOf(';');
    if (semicolon < 0) return true;
    const parameters = parseParameters(value, semicolon);
    return parameters?.has('network-provided') === false;
  });
  if (kept.length === values.length) return;
  if (kept.length === 0) message.remove(ACCESS_NETWORK_INFO);
  else message.set(ACCESS_NETWORK_INFO, kept.join(', '));
}

/** The P-CSCF's word on how a request came (TS 24.229 7.2A.2). */
function stripIntegrityProtected(message: SipMessage, name: string): void {
  keep(message, name, (value) => {
    if (!value.toLowerCase().includes(INTEGRITY_PROTECTED)) return value;
    const parameters = parseDigestParameters(value);
    if (parameters === undefined) return undefined;
    if (!parameters.has(INTEGRITY_PROTECTED)) return value;
    const others = [...parameters].filter(([parameter]) => parameter !== INTEGRITY_PROTECTED);
    return `Digest ${others.map(([parameter, content = '']) => `${parameter}=${format(parameter, content)}`).join(', ')}`;
  });
}

const INTEGRITY_PROTECTED = 'integrity-protected';

/** Those of a token value in the grammar (RFC 3261 25.1). */
const UNQUOTED = new Set(['algorithm', 'qop', 'nc']);

function format(parameter: string, content: string): string {
  return UNQUOTED.has(parameter) ? content : quote(content);
}

/** Edits the fields of a name; an undefined one goes. */
function keep(message: SipMessage, name: string, edit: (value: string) => string | undefined): void {
  const values = message.headers(name);
  const kept: string[] = [];
  let changed = false;
  for (const value of values) {
    const edited = edit(value);
    changed ||= edited !== value;
    if (edited !== undefined) kept.push(edited);
  }
  if (!changed) return;
  message.remove(name);
  for (const value of kept) message.append(name, value);
}

function wantsPrivacy(message: SipMessage): boolean {
  return message
    .headers('Privacy')
    .flatMap((value) => value.split(/[;,]/))
    .some((token) => PRIVATE.has(trimWhitespace(token).toLowerCase()));
}

/** RFC 3323 4.2 and RFC 3325 9.3. */
const PRIVATE = new Set(['id', 'header', 'user']);
