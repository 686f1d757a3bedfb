import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';

import type { Credentials, ServerSettings, VerifyCertificates } from '../association/settings.ts';
import { DtlsError } from '../errors.ts';
import { schemesOfKey } from '../suites/signature-schemes.ts';
import type { CertificateCredentials, DtlsServerOptions } from './server-options.ts';

export function credentialsOf({ certificate, privateKey }: CertificateCredentials): Credentials {
  const chain = certificate.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  const key: KeyObject = createPrivateKey(privateKey);
  return {
    certificates: chain.map((pem) => Buffer.from(new X509Certificate(pem).raw)),
    privateKey: key,
    schemes: schemesOfKey(key).map(({ code }) => code),
  };
}

export function verifierOf(_authorities: string, _role: 'server' | 'client', _serverName: string): VerifyCertificates {
  throw new DtlsError('OSGATE_DTLS_INVALID_CREDENTIALS', 'not yet');
}

export function withCertificates(
  settings: ServerSettings,
  _options: DtlsServerOptions,
  certificates: readonly CertificateCredentials[],
): ServerSettings {
  const all = certificates.map(credentialsOf);
  return { ...settings, credentials: () => all };
}
