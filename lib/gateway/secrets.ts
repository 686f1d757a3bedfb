import { randomBytes } from 'node:crypto';

import { loadSecretKey, SecretKey } from '../../kmc/index.ts';
import type { GatewayConfig } from '../config/index.ts';

/** The keys that make the gateway's stateless proofs; 32 octets each, independent of each other. */
export interface GatewaySecrets {
  readonly nonces: Buffer;
  readonly dialogs: Buffer;
  readonly flows: Buffer;
  readonly loops: Buffer;
}

/**
 * The gateway's secrets, derived from `gateway.secret`, or from a random one at each start.
 *
 * @throws KmcError OSGATE_KMC_SECRET_KEY when the secret is missing or has the wrong form
 */
export async function gatewaySecrets(source: GatewayConfig['secret']): Promise<GatewaySecrets> {
  const root = source === undefined ? new SecretKey(randomBytes(32)) : await loadSecretKey(source);
  return {
    nonces: root.derive('osgate gateway nonces'),
    dialogs: root.derive('osgate gateway dialogs'),
    flows: root.derive('osgate gateway flows'),
    loops: root.derive('osgate gateway loops'),
  };
}
