import type { X509Certificate } from 'node:crypto';

import { ALERT } from '../errors.ts';
import {
  allowsKeyUsage,
  allowsPurpose,
  basicConstraints,
  EXTENSION,
  KEY_USAGE,
  PURPOSE,
  readCertificateFields,
  type CertificateFields,
} from './certificate-fields.ts';
import { isStrongKey, MINIMUM_RSA_BITS } from './key-strength.ts';

export interface ChainOptions {
  /** What the certificates are to prove: that a server, or a client, is who it says. */
  readonly role: 'server' | 'client';
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly minimumRsaBits?: number;
  /** CAs between the peer's certificate and an anchor. */
  readonly maximumIntermediates?: number;
}

/**
 * Looks for a path from the peer's certificate to an anchor (RFC 5280 6), and checks on it: signatures and their algorithms, validity,
 * key sizes, CA flags and path lengths, key usage and purposes, and that there is no critical extension that we do not know (name
 * constraints are such: a CA that has them marks them as critical). Not checked: revocation, policies.
 *
 * @param chain the peer's own certificate first, then CAs in any order
 * @param anchors trusted by themselves: of these only key, name, validity and that they are CAs counts. The peer's own certificate may be
 *   one, CA or not.
 * @returns undefined for a good chain, else the number of the alert that says what is wrong
 */
export function verifyChain(
  chain: readonly X509Certificate[],
  anchors: readonly X509Certificate[],
  options: ChainOptions,
): number | undefined {
  const [own, ...others] = chain;
  if (own === undefined) return ALERT.badCertificate;
  const fields = readCertificateFields(own.raw);
  if (fields === undefined) return ALERT.badCertificate;
  const fault = faultOf(own, fields, options) ?? faultOfPurpose(fields, options);
  if (fault !== undefined) return fault;
  if (anchors.some(({ raw }) => raw.equals(own.raw))) return undefined;

  const maximum = options.maximumIntermediates ?? MAXIMUM_INTERMEDIATES;
  let subject = own;
  let subjectFields = fields;
  const unused = new Set(others);
  for (let below = 0; below <= maximum; below++) {
    if (!STRONG_SIGNATURES.has(subjectFields.signatureAlgorithm)) return ALERT.badCertificate;
    const anchor = anchors.find((candidate) => isIssuer(candidate, subject));
    if (anchor !== undefined) return faultOfAnchor(anchor, below, options);
    let firstFault: number | undefined;
    let next: X509Certificate | undefined;
    // Of several with one name and key, an old and a renewed one, say, the first that is good.
    for (const candidate of unused) {
      if (!isIssuer(candidate, subject)) continue;
      const candidateFields = readCertificateFields(candidate.raw);
      const candidateFault =
        candidateFields === undefined
          ? ALERT.badCertificate
          : (faultOf(candidate, candidateFields, options) ?? faultOfAuthority(candidateFields, below));
      firstFault ??= candidateFault;
      if (candidateFields === undefined || candidateFault !== undefined) continue;
      next = candidate;
      subjectFields = candidateFields;
      break;
    }
    if (next === undefined) return firstFault ?? ALERT.unknownCa;
    // Each is used once, so a loop ends.
    unused.delete(next);
    subject = next;
  }
  return ALERT.unknownCa;
}

const MAXIMUM_INTERMEDIATES = 5;

/** RSA, RSA-PSS and ECDSA with SHA-256 or longer, and Ed25519, by object identifier in hexadecimal digits. */
const STRONG_SIGNATURES: ReadonlySet<string> = new Set([
  '2a864886f70d01010b',
  '2a864886f70d01010c',
  '2a864886f70d01010d',
  '2a864886f70d01010a',
  '2a8648ce3d040302',
  '2a8648ce3d040303',
  '2a8648ce3d040304',
  '2b6570',
]);

/** Critical extensions that are looked at here, or elsewhere as names. */
const KNOWN_EXTENSIONS: ReadonlySet<string> = new Set(Object.values(EXTENSION));

function faultOf(certificate: X509Certificate, fields: CertificateFields, options: ChainOptions): number | undefined {
  for (const [name, { critical }] of fields.extensions) {
    if (critical && !KNOWN_EXTENSIONS.has(name)) return ALERT.unsupportedCertificate;
  }
  if (!hasStrongKey(certificate, options.minimumRsaBits ?? MINIMUM_RSA_BITS)) return ALERT.badCertificate;
  return faultOfValidity(certificate, options.now);
}

function faultOfValidity(certificate: X509Certificate, now: number): number | undefined {
  const isValid = Date.parse(certificate.validFrom) <= now && now <= Date.parse(certificate.validTo);
  return isValid ? undefined : ALERT.certificateExpired;
}

/** What the peer's own certificate must allow: to sign, and to be what it is. */
function faultOfPurpose(fields: CertificateFields, { role }: ChainOptions): number | undefined {
  const purpose = role === 'server' ? PURPOSE.serverAuth : PURPOSE.clientAuth;
  const isFit = allowsKeyUsage(fields, KEY_USAGE.digitalSignature) && allowsPurpose(fields, purpose);
  return isFit ? undefined : ALERT.unsupportedCertificate;
}

/** What an issuer must be. @param below CAs between it and the peer's certificate */
function faultOfAuthority(fields: CertificateFields, below: number): number | undefined {
  const constraints = basicConstraints(fields);
  if (constraints?.ca !== true || constraints.pathLength < below) return ALERT.badCertificate;
  return allowsKeyUsage(fields, KEY_USAGE.keyCertSign) ? undefined : ALERT.badCertificate;
}

/** A pinned certificate that is no CA speaks for itself alone: its owner could issue whatever it likes otherwise. */
function faultOfAnchor(anchor: X509Certificate, below: number, { now }: ChainOptions): number | undefined {
  const fields = readCertificateFields(anchor.raw);
  if (fields === undefined) return ALERT.badCertificate;
  return faultOfAuthority(fields, below) ?? faultOfValidity(anchor, now);
}

/** Whether one has the name that the other is issued by, and the key that signed it. */
function isIssuer(issuer: X509Certificate, subject: X509Certificate): boolean {
  try {
    return subject.checkIssued(issuer) && subject.verify(issuer.publicKey);
  } catch {
    // A key of a kind that OpenSSL does not know.
    return false;
  }
}

function hasStrongKey(certificate: X509Certificate, minimumRsaBits: number): boolean {
  try {
    return isStrongKey(certificate.publicKey, minimumRsaBits);
  } catch {
    return false;
  }
}
