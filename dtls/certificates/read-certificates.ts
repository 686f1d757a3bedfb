import { X509Certificate } from 'node:crypto';

import { DtlsError } from '../errors.ts';

/**
 * The certificates of a PEM text, in its order.
 *
 * @param what for the message of the error: "authorities", say
 * @throws DtlsError OSGATE_DTLS_INVALID_CREDENTIALS when there is none, or one cannot be read
 */
export function readPemCertificates(pem: string, what: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new DtlsError('OSGATE_DTLS_INVALID_CREDENTIALS', `${what}: no certificate in PEM`);
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch (cause) {
    throw new DtlsError('OSGATE_DTLS_INVALID_CREDENTIALS', `${what}: a certificate cannot be read`, { cause });
  }
}

/** A certificate that a peer sent in DER; undefined when it is none. */
export function readPeerCertificate(der: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(der);
  } catch {
    return undefined;
  }
}
