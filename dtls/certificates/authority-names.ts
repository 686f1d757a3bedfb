import { DER, readDer, readDerSequence } from './der.ts';
import { readPemCertificates } from './read-certificates.ts';

/**
 * The names of authorities in DER, for a CertificateRequest (RFC 5246 7.4.4).
 *
 * @param authorities PEM
 * @throws DtlsError OSGATE_DTLS_INVALID_CREDENTIALS when they cannot be read
 */
export function authorityNames(authorities: string): Buffer[] {
  return readPemCertificates(authorities, 'authorities').flatMap(({ raw }) => subjectOf(Buffer.from(raw)) ?? []);
}

/** The subject of a certificate: the fifth field after the optional version (RFC 5280 4.1). */
function subjectOf(certificate: Buffer): Buffer | undefined {
  const outer = readDer(certificate, 0);
  const signed = outer === undefined ? undefined : readDer(outer.content, 0);
  const fields = signed === undefined ? undefined : readDerSequence(signed.content);
  if (signed === undefined || fields === undefined) return undefined;
  const index = fields[0]?.tag === VERSION_TAG ? 5 : 4;
  const before = fields[index - 1];
  const subject = fields[index];
  return before === undefined || subject?.tag !== DER.sequence
    ? undefined
    : signed.content.subarray(before.end, subject.end);
}

/** The tag [0] EXPLICIT of the version in TBSCertificate. */
const VERSION_TAG = 0xa0;
