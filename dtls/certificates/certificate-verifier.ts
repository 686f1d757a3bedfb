import type { X509Certificate } from 'node:crypto';

import { ALERT } from '../errors.ts';
import { readPeerCertificate, readPemCertificates } from './read-certificates.ts';
import { matchesHost, matchesSipDomain, subjectNames } from './subject-names.ts';
import { verifyChain } from './verify-chain.ts';

export interface CertificateVerifierOptions {
  /** PEM of the trusted certificates. */
  readonly authorities: string;
  /** Whose certificates are verified. */
  readonly role: 'server' | 'client';
  /** How a server's certificate has to name it: as a host (RFC 9525) by default, or as a SIP domain (RFC 5922). */
  readonly naming?: 'host' | 'sip-domain';
  readonly minimumRsaBits?: number;
  readonly maximumIntermediates?: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** The certificates of a peer (DER, its own first) in; the number of an alert out, or undefined when they are good. */
export type CertificateVerifier = (
  certificates: readonly Buffer[],
  serverName: string | undefined,
) => number | undefined;

/**
 * Makes what an association asks about its peer's certificates. The name of a server is checked when one is given; a client's
 * certificate has no name to be checked, only names to be read.
 *
 * @throws DtlsError OSGATE_DTLS_INVALID_CREDENTIALS when the authorities cannot be read
 */
export function certificateVerifier(options: CertificateVerifierOptions): CertificateVerifier {
  const { role, naming = 'host', now = Date.now } = options;
  const anchors = readPemCertificates(options.authorities, 'authorities');
  const matches = naming === 'host' ? matchesHost : matchesSipDomain;
  return (certificates, serverName) => {
    const chain: X509Certificate[] = [];
    for (const der of certificates) {
      const certificate = readPeerCertificate(der);
      if (certificate === undefined) return ALERT.badCertificate;
      chain.push(certificate);
    }
    const fault = verifyChain(chain, anchors, { ...options, now: now() });
    if (fault !== undefined) return fault;
    if (role === 'client' || serverName === undefined) return undefined;
    const [own] = certificates;
    return own !== undefined && matches(subjectNames(own), serverName) ? undefined : ALERT.badCertificate;
  };
}
