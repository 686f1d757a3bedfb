import type { AssociationSecrets } from '../suites/association-secrets.ts';

/** A line of SSLKEYLOGFILE for TLS 1.2 and DTLS 1.2. Whoever has it can read the association. */
export function keyLogLine({ clientRandom, masterSecret }: AssociationSecrets): string {
  return `CLIENT_RANDOM ${clientRandom.toString('hex')} ${masterSecret.toString('hex')}`;
}
