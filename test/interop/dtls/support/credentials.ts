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

interface Authority {
  readonly certificate: x509.X509Certificate;
  readonly key: webcrypto.CryptoKey;
  readonly kind: KeyKind;
}

/**
 * Certificates for a day, in a folder of their own. RSA keys are certified by an authority with RSA, all others by one with
 * ECDSA: Pion takes the scheme of a key exchange from what the certificate itself is signed with.
 */
export class Credentials {
  readonly folder = mkdtempSync(join(tmpdir(), 'osgate-dtls-'));
  /** The certificates of both authorities. */
  readonly authorities = join(this.folder, 'authorities.pem');
  readonly #ecdsa: Authority;
  readonly #rsa: Authority;
  readonly #issued = new Map<string, Promise<CertificateFiles>>();

  private constructor(ecdsa: Authority, rsa: Authority) {
    this.#ecdsa = ecdsa;
    this.#rsa = rsa;
    writeFileSync(this.authorities, `${ecdsa.certificate.toString('pem')}\n${rsa.certificate.toString('pem')}\n`);
  }

  static async make(): Promise<Credentials> {
    return new Credentials(await makeAuthority('ecdsa-p256'), await makeAuthority('rsa-2048'));
  }

  /** A certificate for that name with a key of that kind, made on first use. */
  issue(name: string, kind: KeyKind): Promise<CertificateFiles> {
    const known = this.#issued.get(`${name} ${kind}`) ?? this.#issue(name, kind);
    this.#issued.set(`${name} ${kind}`, known);
    return known;
  }

  async #issue(name: string, kind: KeyKind): Promise<CertificateFiles> {
    const authority = kind === 'rsa-2048' ? this.#rsa : this.#ecdsa;
    const keys = await makeKeys(kind);
    const certificate = await x509.X509CertificateGenerator.create({
      subject: `CN=${name}`,
      issuer: authority.certificate.subject,
      publicKey: keys.publicKey,
      signingKey: authority.key,
      signingAlgorithm: ALGORITHMS[authority.kind],
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

async function makeAuthority(kind: KeyKind): Promise<Authority> {
  const keys = await makeKeys(kind);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=interoperability authority ${kind}`,
    keys,
    ...validity(),
    signingAlgorithm: ALGORITHMS[kind],
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate, key: keys.privateKey, kind };
}

async function makeKeys(kind: KeyKind): Promise<webcrypto.CryptoKeyPair> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHMS[kind], true, ['sign', 'verify']);
  if (!('privateKey' in keys)) throw new Error(`${kind} gave no pair of keys`);
  return keys;
}

function validity(): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + VALID_MILLISECONDS) };
}
