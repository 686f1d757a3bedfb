import { randomBytes } from 'node:crypto';

import { loadSecretKey, SecretKey } from '../../kmc/index.ts';
import type { GatewayConfig } from '../config/index.ts';
import type { DtlsSecrets } from './dtls/dtls-parts.ts';

/** The keys that make the gateway's stateless proofs; 32 octets each, independent of each other. All workers have the same. */
export interface GatewaySecrets {
  readonly dialogs: Buffer;
  readonly flows: Buffer;
  readonly loops: Buffer;
  readonly dtls: DtlsSecrets;
  /** Seals the NAF SAs of pushes on disk. */
  readonly push: Buffer;
}

/**
 * The gateway's secrets, derived from `gateway.secret`, or from a random one at each start.
 *
 * @throws KmcError OSGATE_KMC_SECRET_KEY when the secret is missing or has the wrong form
 */
export async function gatewaySecrets(source: GatewayConfig['secret']): Promise<GatewaySecrets> {
  const root = source === undefined ? new SecretKey(randomBytes(32)) : await loadSecretKey(source);
  return {
    dialogs: root.derive('osgate gateway dialogs'),
    flows: root.derive('osgate gateway flows'),
    loops: root.derive('osgate gateway loops'),
    dtls: {
      connectionIds: root.derive('osgate gateway connection ids'),
      tickets: root.derive('osgate gateway tickets'),
      handover: root.derive('osgate gateway handover'),
    },
    push: root.derive('osgate gateway push'),
  };
}

/**
 * A secret for the nonces of one authenticator, 32 octets, that nobody else has: not the next listener, not another
 * worker, not the process after a restart. A nonce is good only where its counts are kept; anywhere else the request
 * that was seen here could be played again. An agent that comes with one from elsewhere is told `stale` and goes on
 * with a new one.
 */
export function newNonceSecret(): Buffer {
  return randomBytes(32);
}
