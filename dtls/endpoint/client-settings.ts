import { isIP } from 'node:net';

import type { ClientPsk as CorePsk, ClientSettings } from '../association/settings.ts';
import { certificateVerifier } from '../certificates/certificate-verifier.ts';
import { loadCredentials } from '../certificates/credentials.ts';
import type { ClientPsk, DtlsConnectOptions } from './client-options.ts';
import { commonSettingsOf, limitsWith, within } from './common-settings.ts';
import { DEFAULT_LIMITS } from './limits.ts';

/** The longest connection identifier (RFC 9146 3). */
const LONGEST_CONNECTION_ID = 255;

/** @throws DtlsError OSGATE_DTLS_INVALID_ARGUMENT, OSGATE_DTLS_INVALID_CREDENTIALS */
export function clientSettingsOf(options: DtlsConnectOptions): ClientSettings {
  const { host, port, psk, certificate, privateKey, authorities, session, connectionId, maximumFragmentLength } =
    options;
  within('port', port, 1, 65_535);
  if (connectionId !== undefined && connectionId !== false)
    within('connectionId.length', connectionId.length ?? 0, 0, LONGEST_CONNECTION_ID);
  const serverName = options.serverName ?? host;
  return {
    ...commonSettingsOf(options, limitsWith(DEFAULT_LIMITS, options.limits), connectionId !== false),
    sessionTickets: options.sessionTickets ?? true,
    ...(isIP(serverName) === 0 && { serverName }),
    ...(psk !== undefined && { psk: pskOf(psk) }),
    ...(certificate !== undefined && {
      credentials: loadCredentials({ certificate, privateKey: privateKey ?? '' }, bitsOf(options)),
    }),
    ...(authorities !== undefined && { verifyServer: verifierOf(options, authorities, serverName) }),
    ...(session !== undefined && { session }),
    ...(maximumFragmentLength !== undefined && { maximumFragmentLength }),
  };
}

function bitsOf({ minimumRsaBits }: DtlsConnectOptions): { readonly minimumRsaBits?: number } {
  return minimumRsaBits === undefined ? {} : { minimumRsaBits };
}

/** The name is checked even when it is an address, which is never asked for in server_name (RFC 6066 3). */
function verifierOf(options: DtlsConnectOptions, authorities: string, name: string): ClientSettings['verifyServer'] {
  const naming = options.serverNaming ?? 'host';
  const verify = certificateVerifier({ authorities, role: 'server', naming, ...bitsOf(options) });
  return (certificates) => verify(certificates, name);
}

function pskOf(psk: NonNullable<DtlsConnectOptions['psk']>): NonNullable<ClientSettings['psk']> {
  if (typeof psk !== 'function') {
    const known = corePsk(psk);
    return () => known;
  }
  return async ({ hint, cipherSuite }) => {
    const found = await psk(hint, cipherSuite.name);
    return found === undefined ? undefined : corePsk(found);
  };
}

function corePsk({ identity, key, expiresAt }: ClientPsk): CorePsk {
  return {
    identity: typeof identity === 'string' ? Buffer.from(identity) : identity,
    key,
    ...(expiresAt !== undefined && { expiresAt }),
  };
}
