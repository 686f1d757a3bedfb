import { ALERT } from '../errors.ts';
import type { ClientHello } from '../handshake/client-hello.ts';
import { FALLBACK_SIGNAL, RENEGOTIATION_SIGNAL } from '../handshake/extension-type.ts';
import { type HelloExtensions, noExtensions } from '../handshake/extensions.ts';
import { VERSION_DTLS_1_2 } from '../record/record-header.ts';
import { MAXIMUM_PLAINTEXT_OCTETS } from '../record/record-header.ts';
import type { CipherSuite } from '../suites/cipher-suite.ts';
import { type Group, groupByCode } from '../suites/key-exchange.ts';
import { type SignatureScheme, signatureSchemeByCode } from '../suites/signature-schemes.ts';
import type { Credentials, ServerSettings } from './settings.ts';

/** What a server takes of a ClientHello. */
export interface ServerChoice {
  readonly suite: CipherSuite;
  /** Undefined for psk. */
  readonly group: Group | undefined;
  /** For suites with certificates. */
  readonly credentials: Credentials | undefined;
  readonly scheme: SignatureScheme | undefined;
}

/** Groups of a client that names none: the one that everybody has (RFC 8422 4). */
const GROUPS_OF_SILENT_CLIENTS: readonly number[] = [23];

/** Checks that do not depend on the suite. @returns an alert, or undefined when all is well */
export function checkClientHello(hello: ClientHello, settings: ServerSettings): number | undefined {
  const { extensions } = hello;
  // Versions of DTLS count down.
  if (hello.version >> 8 !== 0xfe || hello.version > VERSION_DTLS_1_2) {
    // It says that it could do better and was made to believe that we cannot (RFC 7507 3).
    return hello.cipherSuites.includes(FALLBACK_SIGNAL) ? ALERT.inappropriateFallback : ALERT.protocolVersion;
  }
  if (!hello.nullCompression) return ALERT.illegalParameter;
  if (extensions.renegotiationInfo !== undefined && extensions.renegotiationInfo.length > 0)
    return ALERT.handshakeFailure;
  const code = extensions.maximumFragmentLength;
  if (code !== undefined && (code < 1 || code > 4)) return ALERT.illegalParameter;
  if (extensions.recordSizeLimit !== undefined && extensions.recordSizeLimit < 64) return ALERT.illegalParameter;
  if (settings.requireExtendedMasterSecret && !extensions.extendedMasterSecret) return ALERT.handshakeFailure;
  return undefined;
}

/** The first suite of ours that the client has and for which there are a group, a key and a scheme; undefined for none. */
export function chooseSuite(hello: ClientHello, settings: ServerSettings): ServerChoice | undefined {
  const group = chooseGroup(hello.extensions, settings);
  let credentials: readonly Credentials[] | undefined;
  for (const suite of settings.cipherSuites) {
    if (!isPossible(suite, hello)) continue;
    switch (suite.keyExchange) {
      case 'psk':
        if (settings.psk === undefined) break;
        return { suite, group: undefined, credentials: undefined, scheme: undefined };
      case 'ecdhe-psk':
        if (settings.psk === undefined || group === undefined) break;
        return { suite, group, credentials: undefined, scheme: undefined };
      case 'ecdhe-ecdsa':
      case 'ecdhe-rsa': {
        if (group === undefined) break;
        credentials ??= settings.credentials?.(hello.extensions.serverName) ?? [];
        const choice = chooseCredentials(suite, credentials, hello.extensions, settings);
        if (choice !== undefined) return { suite, group, ...choice };
      }
    }
  }
  return undefined;
}

/** Whether the client offers the suite, and for CBC encrypt-then-MAC with it. */
export function isPossible(suite: CipherSuite, hello: ClientHello): boolean {
  return hello.cipherSuites.includes(suite.code) && (suite.bulk.mode !== 'cbc' || hello.extensions.encryptThenMac);
}

function chooseGroup(extensions: HelloExtensions, settings: ServerSettings): Group | undefined {
  const offered = extensions.groups ?? GROUPS_OF_SILENT_CLIENTS;
  const code = settings.groups.find((one) => offered.includes(one));
  return code === undefined ? undefined : groupByCode(code);
}

function chooseCredentials(
  suite: CipherSuite,
  candidates: readonly Credentials[],
  { signatureSchemes: offered = [], groups }: HelloExtensions,
  settings: ServerSettings,
): { credentials: Credentials; scheme: SignatureScheme } | undefined {
  for (const credentials of candidates) {
    if (!hasCurve(credentials, groups)) continue;
    for (const code of credentials.schemes) {
      const scheme = signatureSchemeByCode(code);
      if (scheme === undefined || !fitsKeyExchange(scheme, suite)) continue;
      if (offered.includes(code) && settings.signatureSchemes.includes(code)) return { credentials, scheme };
    }
  }
  return undefined;
}

/** Whether the client can use the curve of an ECDSA key: the groups that it names are for certificates as well (RFC 8422 5.1). */
function hasCurve({ privateKey }: Credentials, groups: readonly number[] | undefined): boolean {
  const curve = privateKey.asymmetricKeyDetails?.namedCurve;
  return curve === undefined || groups === undefined || groups.includes(GROUP_OF_CURVE.get(curve) ?? -1);
}

/** Code points (RFC 8422 5.1.1) by the names that node:crypto has. */
const GROUP_OF_CURVE = new Map([
  ['prime256v1', 23],
  ['secp384r1', 24],
  ['secp521r1', 25],
]);

/** Ed25519 keys go with the suites of ECDSA (RFC 8422 5.10). */
export function fitsKeyExchange(scheme: SignatureScheme, suite: CipherSuite): boolean {
  return (scheme.keyType === 'rsa') === (suite.keyExchange === 'ecdhe-rsa');
}

/**
 * Whether the server name led to other credentials than no name does. Only then is server_name answered (RFC 6066 3): there are
 * clients, Pion 2.2 among them, that cannot read the answer, and those that serve them have one certificate as a rule.
 */
export function nameDecides(hello: ClientHello, settings: ServerSettings): boolean {
  const { serverName } = hello.extensions;
  if (serverName === undefined || serverName === '' || settings.credentials === undefined) return false;
  return settings.credentials(serverName)[0] !== settings.credentials(undefined)[0];
}

/** What a server answers with in extensions, from what it was asked. */
export function answerExtensions(
  hello: ClientHello,
  suite: CipherSuite,
  settings: ServerSettings,
  {
    localCid,
    willIssueTicket,
    nameDecides,
  }: { readonly localCid: Buffer; readonly willIssueTicket: boolean; readonly nameDecides: boolean },
): HelloExtensions {
  const asked = hello.extensions;
  const answer = noExtensions();
  const knowsRenegotiation = asked.renegotiationInfo !== undefined || hello.cipherSuites.includes(RENEGOTIATION_SIGNAL);
  if (knowsRenegotiation) answer.renegotiationInfo = Buffer.alloc(0);
  answer.extendedMasterSecret = asked.extendedMasterSecret;
  answer.encryptThenMac = suite.bulk.mode === 'cbc';
  answer.pointFormats = asked.pointFormats && suite.keyExchange !== 'psk';
  if (nameDecides) answer.serverName = '';
  // A client that has both means the newer one (RFC 8449 5).
  if (asked.recordSizeLimit !== undefined)
    answer.recordSizeLimit = settings.recordSizeLimit ?? MAXIMUM_PLAINTEXT_OCTETS;
  else answer.maximumFragmentLength = asked.maximumFragmentLength;
  if (willIssueTicket) answer.sessionTicket = Buffer.alloc(0);
  if (settings.connectionId && asked.connectionId !== undefined) {
    answer.connectionId = localCid;
    answer.returnRoutability = settings.returnRoutability && asked.returnRoutability;
  }
  return answer;
}

/** Octets of plaintext in records to a peer that said this. */
export function maximumPlaintext(peer: HelloExtensions, ownFragmentLength: number | undefined): number {
  const { recordSizeLimit } = peer;
  if (recordSizeLimit !== undefined) return Math.min(recordSizeLimit, MAXIMUM_PLAINTEXT_OCTETS);
  return ownFragmentLength === undefined ? MAXIMUM_PLAINTEXT_OCTETS : 256 << ownFragmentLength;
}
