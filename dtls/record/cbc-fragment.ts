import { createCipheriv, createDecipheriv, timingSafeEqual, type KeyObject } from 'node:crypto';

import type { BulkCipher, MacAlgorithm } from '../suites/bulk-cipher.ts';
import { Hmac } from '../suites/hmac.ts';

/** Octets of an AES block, and of the IV. */
export const BLOCK_OCTETS = 16;

/** Octets of IV, ciphertext and padding for a plaintext; the code (RFC 7366) comes behind them. */
export function cbcLength(plaintextLength: number): number {
  return BLOCK_OCTETS + plaintextLength + BLOCK_OCTETS - (plaintextLength % BLOCK_OCTETS);
}

/**
 * Encrypts with CBC (RFC 5246 6.2.3.2): gives IV and ciphertext. The IV is the record's number encrypted with the same key, which
 * nobody can predict who does not have the key (NIST SP 800-38A, appendix C), so no randomness is needed here.
 *
 * @param epochAndSequence 8 octets, never twice under one key
 */
export function encryptCbc(bulk: BulkCipher, key: KeyObject, epochAndSequence: Buffer, plaintext: Uint8Array): Buffer {
  const length = cbcLength(plaintext.length);
  const blocks = Buffer.alloc(length, length - BLOCK_OCTETS - plaintext.length - 1);
  blocks.fill(0, 0, BLOCK_OCTETS);
  epochAndSequence.copy(blocks, 0, 0, 8);
  blocks.set(plaintext, BLOCK_OCTETS);
  // With zeros as IV the first block is encrypted as it is, and is then the IV of those behind it.
  return createCipheriv(bulk.algorithm, key, ZERO_IV).setAutoPadding(false).update(blocks);
}

/**
 * Decrypts what was authentic.
 *
 * @param sealed IV and ciphertext
 * @returns undefined when length or padding is wrong
 */
export function decryptCbc(bulk: BulkCipher, key: KeyObject, sealed: Buffer): Buffer | undefined {
  if (sealed.length < 2 * BLOCK_OCTETS || sealed.length % BLOCK_OCTETS !== 0) return undefined;
  const decipher = createDecipheriv(bulk.algorithm, key, sealed.subarray(0, BLOCK_OCTETS)).setAutoPadding(false);
  const plain = decipher.update(sealed.subarray(BLOCK_OCTETS));
  const padding = plain[plain.length - 1] ?? 0;
  const length = plain.length - padding - 1;
  // The peer made it, for the code was right: so there is nobody to whom the time of this check tells something.
  if (length < 0 || plain.subarray(length).some((octet) => octet !== padding)) return undefined;
  return plain.subarray(0, length);
}

/** Writes the code of encrypt-then-MAC (RFC 7366 3) over additional data and what was encrypted. */
export function writeMac(
  mac: MacAlgorithm,
  macKey: Buffer,
  aad: Buffer,
  sealed: Buffer,
  target: Buffer,
  offset: number,
): void {
  const hmac = HMACS[mac];
  hmac.setKey(macKey);
  const message = hmac.message(aad.length + sealed.length);
  aad.copy(message);
  sealed.copy(message, aad.length);
  hmac.finish(aad.length + sealed.length, target, offset);
}

/** Whether the code is right, in constant time. */
export function isMac(mac: MacAlgorithm, macKey: Buffer, aad: Buffer, sealed: Buffer, given: Buffer): boolean {
  const { length } = HMACS[mac];
  writeMac(mac, macKey, aad, sealed, EXPECTED, 0);
  return given.length === length && timingSafeEqual(EXPECTED.subarray(0, length), given);
}

const ZERO_IV = Buffer.alloc(BLOCK_OCTETS);
const EXPECTED = Buffer.alloc(48);
/** Used again for every record, with the key of each. */
const HMACS = {
  sha1: new Hmac('sha1', ZERO_IV),
  sha256: new Hmac('sha256', ZERO_IV),
  sha384: new Hmac('sha384', ZERO_IV),
};
