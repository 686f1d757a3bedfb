// @peculiar/x509 needs this polyfill before it is loaded.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import * as x509 from '@peculiar/x509';

import type { CertificateFiles } from './peer.ts';

export const SERVER_NAME = 'osg.example.com';
export const OTHER_NAME = 'location.example.com';
export const CLIENT_NAME = 'agent.example.com';

/** Keys that certificates are made for. */
export type KeyKind = 'ecdsa-p256' | 'ecdsa-p384' | 'rsa-2048' | 'ed25519';

const ALGORITHMS = {
  'ecdsa-p256': { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  'ecdsa-p384': { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
  'rsa-2048': {
    name: 'RSASSA-PKCS1-v1_5',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: 'SHA-256',
  },
  ed25519: { name: 'Ed25519' },
} as const;

const VALID_MILLISECONDS = 24 * 3600 * 1000;

/** Certificates of one authority, for a day, in a folder of their own. */
export class Credentials {
  readonly folder = mkdtempSync(join(tmpdir(), 'osgate-dtls-'));
  /** The authority's certificate, as a file and as text. */
  readonly authorities = join(this.folder, 'authority.pem');
  readonly #authority: x509.X509Certificate;
  readonly #key: webcrypto.CryptoKey;
  readonly #issued = new Map<string, CertificateFiles>();

  private constructor(authority: x509.X509Certificate, key: webcrypto.CryptoKey) {
    this.#authority = authority;
    this.#key = key;
    writeFileSync(this.authorities, authority.toString('pem'));
  }

  static async make(): Promise<Credentials> {
    const algorithm = ALGORITHMS['ecdsa-p256'];
    const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
    const authority = await x509.X509CertificateGenerator.createSelfSigned({
      name: 'CN=interoperability authority',
      keys,
      ...validity(),
      signingAlgorithm: algorithm,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    return new Credentials(authority, keys.privateKey);
  }

  /** A certificate for that name with a key of that kind, made on first use. */
  async issue(name: string, kind: KeyKind): Promise<CertificateFiles> {
    const known = this.#issued.get(`${name} ${kind}`);
    if (known !== undefined) return known;
    const algorithm = ALGORITHMS[kind];
    const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
    const certificate = await x509.X509CertificateGenerator.create({
      subject: `CN=${name}`,
      issuer: this.#authority.subject,
      publicKey: keys.publicKey,
      signingKey: this.#key,
      signingAlgorithm: ALGORITHMS['ecdsa-p256'],
      ...validity(),
      extensions: [
        new x509.BasicConstraintsExtension(false),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
        new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: name }]),
      ],
    });
    const files = {
      certificate: join(this.folder, `${name}-${kind}.pem`),
      privateKey: join(this.folder, `${name}-${kind}.key`),
    };
    const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
    writeFileSync(files.certificate, certificate.toString('pem'));
    writeFileSync(files.privateKey, x509.PemConverter.encode(pkcs8, 'PRIVATE KEY'), { mode: 0o600 });
    this.#issued.set(`${name} ${kind}`, files);
    return files;
  }

  /** A path for a file of the test's own. */
  path(name: string): string {
    return join(this.folder, name);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function validity(): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + VALID_MILLISECONDS) };
}
