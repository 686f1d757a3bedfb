import type { PskRequest, ServerSettings } from '../association/settings.ts';
import { DtlsError } from '../errors.ts';
import { SessionCache } from '../session/session-cache.ts';
import { TicketKeys } from '../session/ticket-keys.ts';
import type { Peer } from '../transport/peer.ts';
import { commonSettingsOf, within } from './common-settings.ts';
import { CONNECTION_ID_OCTETS, ConnectionIdFactory, MAXIMUM_WORKER } from './connection-id-factory.ts';
import type { EndpointCounters } from './endpoint-counters.ts';
import type { DtlsLimits } from './limits.ts';
import { clientCertificatesOf, withCertificates } from './server-certificates.ts';
import type { DtlsServerOptions, ServerPskOptions } from './server-options.ts';

const DEFAULT_SESSIONS = 10_000;

const DEFAULT_LIFETIME_SECONDS = 3600;

/** The least octets of a secret from which ticket keys are made. */
const SECRET_OCTETS = 32;

/**
 * @param counters of the endpoint that the settings are for, which does not exist yet
 * @throws DtlsError OSGATE_DTLS_INVALID_ARGUMENT, OSGATE_DTLS_INVALID_CREDENTIALS
 */
export function serverSettingsOf(
  options: DtlsServerOptions,
  limits: DtlsLimits,
  random: (length: number) => Buffer,
  counters: () => EndpointCounters,
): ServerSettings {
  const { psk, certificates = [], sessionTickets = {}, sessionCache = {} } = options;
  if (psk === undefined && certificates.length === 0)
    throw new DtlsError('OSGATE_DTLS_INVALID_ARGUMENT', 'a server needs pre-shared keys or certificates');
  const settings: ServerSettings = {
    ...commonSettingsOf(options, limits, options.connectionId !== false),
    ...clientCertificatesOf(options),
    ...(psk !== undefined && { psk: pskOf(psk, limits, counters) }),
    ...(sessionCache !== false && {
      sessionCache: new SessionCache(
        sessionCache.maximum ?? DEFAULT_SESSIONS,
        secondsOf('sessionCache.lifetimeSeconds', sessionCache.lifetimeSeconds) * 1000,
      ),
    }),
    ...(sessionTickets !== false && {
      ticketKeys: new TicketKeys({
        lifetimeSeconds: secondsOf('sessionTickets.lifetimeSeconds', sessionTickets.lifetimeSeconds),
        rotationSeconds: secondsOf('sessionTickets.rotationSeconds', sessionTickets.rotationSeconds),
        secret: secretOf(sessionTickets.secret),
        random,
      }),
    }),
  };
  return withCertificates(settings, options, certificates);
}

/** Undefined when the options want none. @throws DtlsError OSGATE_DTLS_INVALID_ARGUMENT */
export function connectionIdsOf(
  { connectionId = {} }: DtlsServerOptions,
  random: (length: number) => Buffer,
): ConnectionIdFactory | undefined {
  if (connectionId === false) return undefined;
  const { length, worker, key } = connectionId;
  if (length !== undefined)
    within('connectionId.length', length, CONNECTION_ID_OCTETS.minimum, CONNECTION_ID_OCTETS.maximum);
  if (worker !== undefined) within('connectionId.worker', worker, 0, MAXIMUM_WORKER);
  if (key !== undefined) within('octets of connectionId.key', key.length, 16, 64);
  return new ConnectionIdFactory({ length, worker, key, random });
}

/** 7 days: what RFC 8446 4.6.1 gives tickets, and TicketKeys keeps to. */
const LONGEST_SECONDS = 604_800;

function secondsOf(name: string, seconds: number = DEFAULT_LIFETIME_SECONDS): number {
  return within(name, seconds, 1, LONGEST_SECONDS);
}

function secretOf(secret: Buffer | undefined): Buffer | undefined {
  if (secret !== undefined)
    within('octets of sessionTickets.secret', secret.length, SECRET_OCTETS, Number.MAX_SAFE_INTEGER);
  return secret;
}

/** A look-up that is refused, fails or throws ends as an unknown identity does. */
function pskOf(
  options: ServerPskOptions,
  limits: DtlsLimits,
  counters: () => EndpointCounters,
): NonNullable<ServerSettings['psk']> {
  const { hint } = options;
  const underWay = new Set<PskRequest>();
  return {
    ...(hint !== undefined && { hint }),
    giveUp: (request: PskRequest) => void underWay.delete(request),
    lookUp: async (request: PskRequest) => {
      const { identity, identityBytes, cipherSuite, serverName, peer } = request;
      if (underWay.size >= limits.pskLookUps) {
        counters().pskLookUpsRefused++;
        return undefined;
      }
      underWay.add(request);
      try {
        return await options.lookUp({
          identity,
          identityBytes,
          hint: request.hint,
          cipherSuite: cipherSuite.name,
          cipherSuiteCode: cipherSuite.code,
          serverName,
          remote: peer as Peer,
        });
      } finally {
        underWay.delete(request);
      }
    },
  };
}
