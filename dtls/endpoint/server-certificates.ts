import type { ServerSettings } from '../association/settings.ts';
import { authorityNames } from '../certificates/authority-names.ts';
import { certificateVerifier } from '../certificates/certificate-verifier.ts';
import { chooseCredentials, loadCredentials } from '../certificates/credentials.ts';
import { DtlsError } from '../errors.ts';
import type { CertificateCredentials, DtlsServerOptions } from './server-options.ts';

/**
 * The settings with these certificates in place of those that they had.
 *
 * @throws DtlsError OSGATE_DTLS_INVALID_CREDENTIALS
 */
export function withCertificates(
  settings: ServerSettings,
  { minimumRsaBits }: DtlsServerOptions,
  certificates: readonly CertificateCredentials[],
): ServerSettings {
  const bits = minimumRsaBits === undefined ? {} : { minimumRsaBits };
  const loaded = certificates.map(({ certificate, privateKey, serverNames }) =>
    loadCredentials({ certificate, privateKey, ...(serverNames !== undefined && { serverNames }) }, bits),
  );
  return { ...settings, credentials: (serverName) => chooseCredentials(loaded, serverName) };
}

/**
 * What the server asks of its clients.
 *
 * @throws DtlsError OSGATE_DTLS_INVALID_ARGUMENT without authorities to ask for, OSGATE_DTLS_INVALID_CREDENTIALS
 */
export function clientCertificatesOf({
  clientCertificates = 'none',
  authorities,
  minimumRsaBits,
}: DtlsServerOptions): Pick<ServerSettings, 'clientCertificates' | 'authorities' | 'verifyClient'> {
  if (clientCertificates === 'none') return { clientCertificates };
  if (authorities === undefined)
    throw new DtlsError('OSGATE_DTLS_INVALID_ARGUMENT', 'certificates of clients need authorities to lead to');
  return {
    clientCertificates,
    authorities: authorityNames(authorities),
    verifyClient: certificateVerifier({
      authorities,
      role: 'client',
      ...(minimumRsaBits !== undefined && { minimumRsaBits }),
    }),
  };
}
