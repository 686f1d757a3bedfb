import { createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto';

import { DtlsError } from '../errors.ts';
import { schemesOfKey } from '../suites/signature-schemes.ts';
import { isStrongKey, MINIMUM_RSA_BITS } from './key-strength.ts';
import { readPemCertificates } from './read-certificates.ts';
import { matchesHost, sipDomains, subjectNames } from './subject-names.ts';

export interface CredentialsSource {
  /** PEM, our own certificate first, then each CA that issued the one before it. */
  readonly certificate: string;
  /** PEM, without a passphrase. */
  readonly privateKey: string;
  /** Names for which these are to be chosen, besides those in the certificate. */
  readonly serverNames?: readonly string[];
}

/** A certificate chain with its key, ready for handshakes. */
export interface LoadedCredentials {
  /** DER, our own certificate first. */
  readonly certificates: readonly Buffer[];
  readonly privateKey: KeyObject;
  /** Code points of the signature schemes that the key can make, in order of preference. */
  readonly schemes: readonly number[];
  /** Whether they were made for a server name (RFC 6066 3). */
  fits(serverName: string): boolean;
}

/**
 * Reads certificates and their key, and checks that they belong together.
 *
 * @throws DtlsError OSGATE_DTLS_INVALID_CREDENTIALS for what cannot be read, a key that is not the certificate's, a weak key, and a
 *   chain out of order
 */
export function loadCredentials(
  { certificate, privateKey, serverNames = [] }: CredentialsSource,
  { minimumRsaBits = MINIMUM_RSA_BITS }: { readonly minimumRsaBits?: number } = {},
): LoadedCredentials {
  const chain = readPemCertificates(certificate, 'certificate');
  const key = readPrivateKey(privateKey);
  const [own] = chain;
  if (own?.checkPrivateKey(key) !== true) throw invalid('the private key is not that of the first certificate');
  if (!isStrongKey(key, minimumRsaBits))
    throw invalid('the key is too weak, or of a kind that DTLS 1.2 has no use for');
  const schemes = schemesOfKey(key).map(({ code }) => code);
  if (schemes.length === 0) throw invalid('no signature scheme fits the key');
  checkOrder(chain);
  const certificates = chain.map(({ raw }) => Buffer.from(raw));
  const names = subjectNames(own.raw);
  const also = new Set([...serverNames, ...sipDomains(names)].map((name) => name.toLowerCase()));
  return {
    certificates,
    privateKey: key,
    schemes,
    fits: (serverName) => also.has(serverName.toLowerCase()) || matchesHost(names, serverName),
  };
}

/**
 * Chooses by server name: those made for it first, then the others, all in the order given. So a client without a name, or with one
 * that nobody knows, gets the first (RFC 6066 3 leaves that to the server), and a client that cannot use the first gets another.
 */
export function chooseCredentials(
  credentials: readonly LoadedCredentials[],
  serverName: string | undefined,
): readonly LoadedCredentials[] {
  if (serverName === undefined || credentials.length < 2) return credentials;
  const fitting = credentials.filter((one) => one.fits(serverName));
  if (fitting.length === 0) return credentials;
  return [...fitting, ...credentials.filter((one) => !fitting.includes(one))];
}

function readPrivateKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw new DtlsError('OSGATE_DTLS_INVALID_CREDENTIALS', 'the private key cannot be read', { cause });
  }
}

function checkOrder(chain: readonly X509Certificate[]): void {
  for (const [index, certificate] of chain.entries()) {
    const issuer = chain[index + 1];
    if (issuer !== undefined && !certificate.checkIssued(issuer)) {
      throw invalid('each certificate of the chain has to be issued by the next one');
    }
  }
}

function invalid(message: string): DtlsError {
  return new DtlsError('OSGATE_DTLS_INVALID_CREDENTIALS', message);
}
