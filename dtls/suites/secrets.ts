import type { CipherSuite, PrfHash } from './cipher-suite.ts';
import { prf } from './prf.ts';

/** Octets of the master secret (RFC 5246 8.1), of the random of a hello (7.4.1.2), and of verify_data (7.4.9). */
export const MASTER_SECRET_OCTETS = 48;
export const RANDOM_OCTETS = 32;
export const VERIFY_DATA_OCTETS = 12;

/** The premaster secret of plain PSK (RFC 4279 2): as many zeros as the key has octets, then the key, each after its length. */
export function pskPremasterSecret(key: Buffer): Buffer {
  return ecdhePskPremasterSecret(Buffer.alloc(key.length), key);
}

/**
 * The premaster secret of ECDHE_PSK (RFC 5489 2): what the key exchange gave, then the key, each after its length.
 *
 * @param shared of the length that the group fixes, leading zeros kept (RFC 8422 5.10)
 */
export function ecdhePskPremasterSecret(shared: Buffer, key: Buffer): Buffer {
  const secret = Buffer.alloc(4 + shared.length + key.length);
  secret.writeUInt16BE(shared.length, 0);
  shared.copy(secret, 2);
  secret.writeUInt16BE(key.length, 2 + shared.length);
  key.copy(secret, 4 + shared.length);
  return secret;
}

/** The master secret of RFC 5246 8.1, of peers without the extended one. */
export function masterSecret(hash: PrfHash, premaster: Buffer, clientRandom: Buffer, serverRandom: Buffer): Buffer {
  return prf(hash, premaster, 'master secret', Buffer.concat([clientRandom, serverRandom]), MASTER_SECRET_OCTETS);
}

/** The extended master secret (RFC 7627 4). @param sessionHash of all handshake messages up to ClientKeyExchange */
export function extendedMasterSecret(hash: PrfHash, premaster: Buffer, sessionHash: Buffer): Buffer {
  return prf(hash, premaster, 'extended master secret', sessionHash, MASTER_SECRET_OCTETS);
}

/** Octets of the key block of a suite. */
export function keyBlockLength({ bulk }: CipherSuite): number {
  return 2 * (bulk.macLength + bulk.keyLength + bulk.fixedIvLength);
}

/**
 * The key block (RFC 5246 6.3): client and server write MAC keys, keys and IVs, in this order; what RecordProtection takes.
 * It has a memory of its own, so that nothing else is kept alive with it.
 */
export function keyBlock(suite: CipherSuite, master: Buffer, clientRandom: Buffer, serverRandom: Buffer): Buffer {
  const seed = Buffer.concat([serverRandom, clientRandom]);
  return prf(suite.hash, master, 'key expansion', seed, keyBlockLength(suite));
}

/** The content of a Finished message (RFC 5246 7.4.9), 12 octets. @param handshakeHash of all messages before it */
export function verifyData(hash: PrfHash, master: Buffer, sender: 'client' | 'server', handshakeHash: Buffer): Buffer {
  return prf(hash, master, `${sender} finished`, handshakeHash, VERIFY_DATA_OCTETS);
}

/**
 * Exported keying material (RFC 5705 4).
 *
 * @param label ASCII; not one that TLS itself uses
 * @param context undefined and empty are different contexts; at most 65535 octets
 */
export function exportKeyingMaterial(
  hash: PrfHash,
  master: Buffer,
  label: string,
  randoms: { readonly client: Buffer; readonly server: Buffer },
  length: number,
  context?: Buffer,
): Buffer {
  const seed = [randoms.client, randoms.server];
  if (context !== undefined) {
    const contextLength = Buffer.alloc(2);
    contextLength.writeUInt16BE(context.length);
    seed.push(contextLength, context);
  }
  return prf(hash, master, label, Buffer.concat(seed), length);
}
