import { createHmac } from 'node:crypto';

import type { PrfHash } from './cipher-suite.ts';

/**
 * The pseudorandom function of TLS 1.2: P_hash over label and seed (RFC 5246 5).
 *
 * @param secret any number of octets
 * @param label ASCII
 * @param length octets of the result
 */
export function prf(hash: PrfHash, secret: Buffer, label: string, seed: Buffer, length: number): Buffer {
  const labelAndSeed = Buffer.concat([Buffer.from(label, 'latin1'), seed]);
  const result = Buffer.alloc(length);
  let a = hmac(hash, secret, labelAndSeed);
  for (let offset = 0; offset < length; offset += a.length) {
    hmac(hash, secret, a, labelAndSeed).copy(result, offset);
    a = hmac(hash, secret, a);
  }
  return result;
}

function hmac(hash: PrfHash, key: Buffer, head: Buffer, tail?: Buffer): Buffer {
  const code = createHmac(hash, key).update(head);
  return (tail === undefined ? code : code.update(tail)).digest();
}
