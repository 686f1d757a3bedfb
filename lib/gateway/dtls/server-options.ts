import { createHmac } from 'node:crypto';

import type { CertificateCredentials, DtlsServerOptions } from '../../../dtls/index.ts';
import type { DtlsConfig } from '../../config/index.ts';
import type { DtlsSecrets } from './dtls-parts.ts';
import { readConfiguredFile } from './configured-file.ts';

export interface ServerOptionsParts {
  readonly listener: string;
  readonly secrets: DtlsSecrets;
  /** The number of this worker. */
  readonly worker: number;
  /** PEM: whose client certificates are taken; undefined for none. */
  readonly authorities: string | undefined;
  /** True where a client may come without a certificate. */
  readonly certificateOptional: boolean;
  readonly keyLog: ((line: string) => void) | undefined;
}

/**
 * The options of a DTLS server, from the configuration.
 *
 * @throws OsgateError OSGATE_CONFIG_INVALID when a file cannot be read
 */
export function dtlsServerOptions(
  dtls: DtlsConfig,
  { listener, secrets, worker, authorities, certificateOptional, keyLog }: ServerOptionsParts,
): Omit<DtlsServerOptions, 'psk' | 'onForeignConnectionId'> {
  const { loggedFailuresPerSecond, ...limits } = dtls.limits;
  return {
    certificates: readCertificates(dtls),
    ...(authorities === undefined
      ? {}
      : { authorities, clientCertificates: certificateOptional ? ('request' as const) : ('require' as const) }),
    cipherSuites: dtls.cipherSuites,
    groups: dtls.groups,
    connectionId: dtls.connectionId.enabled
      ? { length: dtls.connectionId.octets, worker, key: secrets.connectionIds }
      : false,
    returnRoutabilityCheck: dtls.returnRoutabilityCheck,
    sessionTickets: dtls.sessionTickets
      ? {
          lifetimeSeconds: dtls.ticketLifetimeSeconds,
          rotationSeconds: dtls.ticketRotationSeconds,
          // Of each listener its own: what one lets in, another may not.
          secret: createHmac('sha256', secrets.tickets).update(listener).digest(),
        }
      : false,
    sessionCache: dtls.sessionCacheMaximum > 0 ? { maximum: dtls.sessionCacheMaximum } : false,
    limits: { ...limits, failureEventsPerSecond: loggedFailuresPerSecond },
    retransmission: {
      initialMilliseconds: dtls.retransmitMilliseconds,
      maximumMilliseconds: dtls.retransmitMaximumMilliseconds,
    },
    mtu: dtls.mtu,
    callsOpenssl: dtls.callsOpenssl,
    idleTimeoutMilliseconds: dtls.idleTimeoutSeconds * 1000,
    handshakeTimeoutMilliseconds: dtls.handshakeTimeoutMilliseconds,
    cookieRotationMilliseconds: dtls.cookieRotationSeconds * 1000,
    keyLog,
  };
}

/** @throws OsgateError OSGATE_CONFIG_INVALID when a file cannot be read */
export function readCertificates(dtls: DtlsConfig): CertificateCredentials[] {
  return dtls.certificates.map(({ certificate, privateKey, serverNames }) => ({
    certificate: readConfiguredFile(certificate),
    privateKey: readConfiguredFile(privateKey),
    serverNames,
  }));
}
