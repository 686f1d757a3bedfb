import type { ClientHello } from '../handshake/client-hello.ts';
import type { Session } from '../session/session.ts';
import type { CipherSuite } from '../suites/cipher-suite.ts';
import { isPossible } from './server-negotiation.ts';
import type { ServerSettings } from './settings.ts';

export type ResumptionVerdict =
  | { readonly kind: 'resume'; readonly session: Session; readonly suite: CipherSuite }
  | { readonly kind: 'full' | 'abort' };

const FULL: ResumptionVerdict = { kind: 'full' };

/**
 * Whether a ClientHello resumes a session that is still good: by ticket (RFC 5077), else by identifier. Anything that does not fit
 * leads to a full handshake, save a session with the extended master secret that is resumed without (RFC 7627 5.3).
 *
 * @param wallClock milliseconds since 1970
 */
export function findSession(hello: ClientHello, settings: ServerSettings, wallClock: number): ResumptionVerdict {
  const { extensions, sessionId } = hello;
  const ticket = extensions.sessionTicket;
  let session: Session | undefined;
  if (ticket !== undefined && ticket.length > 0) session = settings.ticketKeys?.open(ticket, wallClock);
  else if (sessionId.length > 0) session = settings.sessionCache?.get(sessionId, wallClock);
  if (session === undefined) return FULL;
  const { cipherSuite, keyExpiresAt, serverName, peerCertificates } = session;
  const suite = settings.cipherSuites.find(({ code }) => code === cipherSuite);
  if (suite === undefined || !isPossible(suite, hello)) return FULL;
  if (keyExpiresAt !== undefined && keyExpiresAt <= wallClock) return FULL;
  if (serverName !== hostName(hello)) return FULL;
  // Without it neither now nor then RFC 7627 5.3 leaves the choice between this and what is insecure.
  if (!session.extendedMasterSecret) return FULL;
  if (!extensions.extendedMasterSecret) return { kind: 'abort' };
  if (peerCertificates === undefined) {
    const mustHave = settings.clientCertificates === 'require' && !suite.keyExchange.endsWith('psk');
    if (mustHave) return FULL;
  } else if (settings.verifyClient?.(peerCertificates, serverName) !== undefined || settings.verifyClient === undefined)
    // Certificates end, and anchors change.
    return FULL;
  return { kind: 'resume', session, suite };
}

/** The name that the client asked for, if any. */
export function hostName(hello: ClientHello): string | undefined {
  const { serverName } = hello.extensions;
  return serverName === '' ? undefined : serverName;
}
