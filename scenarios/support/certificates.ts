// @peculiar/x509 needs this polyfill before it is loaded.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';

import * as x509 from '@peculiar/x509';

/** A certificate and its key, PEM. */
export interface Issued {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

export interface IssueOptions {
  readonly commonName: string;
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly uris?: readonly string[];
}

/** An authority that lives in memory. */
export interface Authority {
  readonly certificatePem: string;
  /** A certificate for server and client use. */
  issue(options: IssueOptions): Promise<Issued>;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const VALID_MILLISECONDS = 24 * 3600 * 1000;

/** Makes an authority whose certificates last a day; for demonstrations and tests only. */
export async function makeAuthority(commonName: string): Promise<Authority> {
  const keys = await makeKeys();
  const validity = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + VALID_MILLISECONDS) };
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${commonName}`,
    keys,
    ...validity,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  });
  return {
    certificatePem: certificate.toString('pem'),
    async issue(options) {
      const subjectKeys = await makeKeys();
      const issued = await x509.X509CertificateGenerator.create({
        subject: `CN=${options.commonName}`,
        issuer: certificate.subject,
        publicKey: subjectKeys.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: ALGORITHM,
        ...validity,
        extensions: [
          new x509.BasicConstraintsExtension(false),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
          new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
          new x509.SubjectAlternativeNameExtension([
            ...(options.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
            ...(options.ipAddresses ?? []).map((value) => ({ type: 'ip' as const, value })),
            ...(options.uris ?? []).map((value) => ({ type: 'url' as const, value })),
          ]),
        ],
      });
      const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', subjectKeys.privateKey));
      return {
        certificatePem: issued.toString('pem'),
        privateKeyPem: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY'),
      };
    },
  };
}

async function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}
