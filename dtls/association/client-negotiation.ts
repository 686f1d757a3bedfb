import { isIP } from 'node:net';

import { ALERT } from '../errors.ts';
import { EXTENSION_TYPE, RENEGOTIATION_SIGNAL } from '../handshake/extension-type.ts';
import { type HelloExtensions, noExtensions } from '../handshake/extensions.ts';
import { VERSION_DTLS_1_2 } from '../record/record-header.ts';
import type { ServerHello } from '../handshake/server-hello.ts';
import { decodeSession, type Session } from '../session/session.ts';
import type { CipherSuite } from '../suites/cipher-suite.ts';
import type { ClientSettings } from './settings.ts';

/** Suites that the settings have what it takes for. */
export function offeredSuites(settings: ClientSettings): readonly CipherSuite[] {
  return settings.cipherSuites.filter(({ keyExchange }) =>
    keyExchange === 'psk' || keyExchange === 'ecdhe-psk'
      ? settings.psk !== undefined
      : settings.verifyServer !== undefined,
  );
}

/** Code points for the ClientHello, with the signal of RFC 5746 for servers that know no extensions. */
export function suiteCodes(suites: readonly CipherSuite[]): number[] {
  return [...suites.map(({ code }) => code), RENEGOTIATION_SIGNAL];
}

const MAXIMUM_FRAGMENT_CODES = new Map([
  [512, 1],
  [1024, 2],
  [2048, 3],
  [4096, 4],
]);

export function clientExtensions(
  settings: ClientSettings,
  suites: readonly CipherSuite[],
  session: Session | undefined,
  localCid: Buffer,
): HelloExtensions {
  const extensions = noExtensions();
  const { serverName } = settings;
  if (serverName !== undefined && isIP(serverName) === 0) extensions.serverName = serverName.toLowerCase();
  if (suites.some(({ keyExchange }) => keyExchange !== 'psk')) {
    extensions.groups = settings.groups;
    extensions.pointFormats = true;
  }
  if (suites.some(({ keyExchange }) => !keyExchange.endsWith('psk')))
    extensions.signatureSchemes = settings.signatureSchemes;
  extensions.encryptThenMac = suites.some(({ bulk }) => bulk.mode === 'cbc');
  extensions.extendedMasterSecret = true;
  if (settings.maximumFragmentLength !== undefined)
    extensions.maximumFragmentLength = MAXIMUM_FRAGMENT_CODES.get(settings.maximumFragmentLength);
  extensions.recordSizeLimit = settings.recordSizeLimit;
  if (settings.sessionTickets) extensions.sessionTicket = session?.ticket ?? Buffer.alloc(0);
  if (settings.connectionId) {
    extensions.connectionId = localCid;
    extensions.returnRoutability = settings.returnRoutability;
  }
  return extensions;
}

/** The session to resume, when the settings have one that is still good and fits. @param wallClock milliseconds since 1970 */
export function resumableSession(
  settings: ClientSettings,
  suites: readonly CipherSuite[],
  wallClock: number,
): Session | undefined {
  if (settings.session === undefined) return undefined;
  const session = decodeSession(settings.session);
  if (session === undefined || session.expiresAt <= wallClock) return undefined;
  if (session.keyExpiresAt !== undefined && session.keyExpiresAt <= wallClock) return undefined;
  if (session.serverName !== settings.serverName?.toLowerCase()) return undefined;
  // To resume without it would bind the association to nothing, and mean not to ask for it this time either (RFC 7627 5.3).
  if (!session.extendedMasterSecret) return undefined;
  // Certificates end, and anchors change.
  const { peerCertificates } = session;
  if (peerCertificates !== undefined && settings.verifyServer?.(peerCertificates, settings.serverName) !== undefined)
    return undefined;
  return suites.some(({ code }) => code === session.cipherSuite) ? session : undefined;
}

/**
 * Checks a ServerHello against what was offered.
 *
 * @returns an alert, or undefined when all is well
 */
export function checkServerHello(
  hello: ServerHello,
  suite: CipherSuite | undefined,
  offered: HelloExtensions,
  settings: ClientSettings,
): number | undefined {
  const { extensions } = hello;
  if (hello.version !== VERSION_DTLS_1_2) return ALERT.protocolVersion;
  if (suite === undefined || hello.compressionMethod !== 0) return ALERT.illegalParameter;
  for (const type of extensions.types) if (!wasOffered(type, offered)) return ALERT.unsupportedExtension;
  if ((extensions.renegotiationInfo?.length ?? 0) > 0) return ALERT.handshakeFailure;
  if (settings.requireExtendedMasterSecret && !extensions.extendedMasterSecret) return ALERT.handshakeFailure;
  if (extensions.encryptThenMac !== (suite.bulk.mode === 'cbc')) return ALERT.handshakeFailure;
  if (!extensions.uncompressedPoints) return ALERT.illegalParameter;
  const { maximumFragmentLength, recordSizeLimit } = extensions;
  if (maximumFragmentLength !== undefined && maximumFragmentLength !== offered.maximumFragmentLength)
    return ALERT.illegalParameter;
  // A server must not heed both (RFC 8449 5).
  if (recordSizeLimit !== undefined && (recordSizeLimit < 64 || maximumFragmentLength !== undefined))
    return ALERT.illegalParameter;
  return undefined;
}

function wasOffered(type: number, offered: HelloExtensions): boolean {
  switch (type) {
    // The signal among the suites asks for it.
    case EXTENSION_TYPE.renegotiationInfo:
      return true;
    case EXTENSION_TYPE.serverName:
      return offered.serverName !== undefined;
    case EXTENSION_TYPE.maximumFragmentLength:
      return offered.maximumFragmentLength !== undefined;
    // Old servers list groups in a ServerHello, which says nothing (RFC 8422 5.1).
    case EXTENSION_TYPE.supportedGroups:
    case EXTENSION_TYPE.pointFormats:
      return offered.pointFormats;
    case EXTENSION_TYPE.encryptThenMac:
      return offered.encryptThenMac;
    case EXTENSION_TYPE.extendedMasterSecret:
      return offered.extendedMasterSecret;
    case EXTENSION_TYPE.recordSizeLimit:
      return offered.recordSizeLimit !== undefined;
    case EXTENSION_TYPE.sessionTicket:
      return offered.sessionTicket !== undefined;
    case EXTENSION_TYPE.connectionId:
      return offered.connectionId !== undefined;
    case EXTENSION_TYPE.returnRoutability:
      return offered.returnRoutability;
    default:
      return false;
  }
}
