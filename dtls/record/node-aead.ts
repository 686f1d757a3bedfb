import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';

import type { BulkCipher } from '../suites/bulk-cipher.ts';

/** Encrypts into a record by node:crypto: ciphertext and tag from `offset` on (RFC 5288, 6655, 7905). */
export function sealByNode(
  { algorithm, mode, tagLength }: BulkCipher,
  key: KeyObject,
  nonce: Buffer,
  aad: Buffer,
  plaintext: Uint8Array,
  record: Buffer,
  offset: number,
): void {
  const cipher = createCipheriv(algorithm as 'aes-128-gcm', key, nonce, OPTIONS[tagLength]);
  cipher.setAAD(aad, mode === 'ccm' ? { plaintextLength: plaintext.length } : undefined);
  record.set(cipher.update(plaintext), offset);
  cipher.final();
  record.set(cipher.getAuthTag(), offset + plaintext.length);
}

/**
 * Decrypts `length` octets of the datagram from `offset` on by node:crypto; the tag stands behind them.
 *
 * @returns undefined when they are not authentic
 */
export function openByNode(
  { algorithm, mode, tagLength }: BulkCipher,
  key: KeyObject,
  nonce: Buffer,
  aad: Buffer,
  datagram: Buffer,
  offset: number,
  length: number,
): Buffer | undefined {
  const end = offset + length;
  const decipher = createDecipheriv(algorithm as 'aes-128-gcm', key, nonce, OPTIONS[tagLength]);
  decipher.setAuthTag(datagram.subarray(end, end + tagLength));
  decipher.setAAD(aad, mode === 'ccm' ? { plaintextLength: length } : undefined);
  try {
    const content = decipher.update(datagram.subarray(offset, end));
    decipher.final();
    return content;
  } catch {
    return undefined;
  }
}

/** By the length of the tag. */
const OPTIONS = Array.from({ length: 17 }, (_, authTagLength) => ({ authTagLength }));
