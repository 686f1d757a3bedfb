import { hash as hashOf } from 'node:crypto';

import type { PrfHash } from './cipher-suite.ts';

/** Octets of a block and of the result of each hash. */
const SIZES = { sha256: { block: 64, result: 32 }, sha384: { block: 128, result: 48 } } as const;

/**
 * The pseudorandom function of TLS 1.2: P_hash over label and seed (RFC 5246 5).
 *
 * Its HMACs (RFC 2104) are made of one-shot hashes, whose results come as strings: `createHmac` takes some ten times as long,
 * since it makes native objects, and a handshake needs fifteen of them.
 *
 * @param secret any number of octets
 * @param label ASCII
 * @param length octets of the result
 */
export function prf(hash: PrfHash, secret: Buffer, label: string, seed: Buffer, length: number): Buffer {
  const { block, result: resultLength } = SIZES[hash];
  const seedLength = label.length + seed.length;
  // Both begin with the padded key. What is hashed first goes on with A(i), label and seed; what is hashed then with the first hash.
  const inner = Buffer.alloc(block + resultLength + seedLength, 0x36);
  const outer = Buffer.alloc(block + resultLength, 0x5c);
  writeKey(secret.length > block ? hashOf(hash, secret, 'buffer') : secret, inner, outer);

  // A(1) is of label and seed alone.
  writeSeed(inner, block, label, seed);
  let a = hmac(hash, inner.subarray(0, block + seedLength), outer, block);
  writeSeed(inner, block + resultLength, label, seed);
  const chained = inner.subarray(0, block + resultLength);
  const result = Buffer.alloc(length);
  for (let offset = 0; offset < length; offset += resultLength) {
    if (offset > 0) a = hmac(hash, chained, outer, block);
    inner.write(a, block, resultLength, 'latin1');
    result.write(hmac(hash, inner, outer, block), offset, Math.min(resultLength, length - offset), 'latin1');
  }
  inner.fill(0);
  outer.fill(0);
  return result;
}

function writeKey(key: Buffer, inner: Buffer, outer: Buffer): void {
  for (let index = 0; index < key.length; index++) {
    const octet = key[index] ?? 0;
    inner[index] = octet ^ 0x36;
    outer[index] = octet ^ 0x5c;
  }
}

function writeSeed(target: Buffer, offset: number, label: string, seed: Buffer): void {
  target.write(label, offset, 'latin1');
  target.set(seed, offset + label.length);
}

/** One character an octet. */
function hmac(hash: PrfHash, message: Buffer, outer: Buffer, block: number): string {
  outer.write(hashOf(hash, message, 'binary'), block, 'latin1');
  return hashOf(hash, outer, 'binary');
}
