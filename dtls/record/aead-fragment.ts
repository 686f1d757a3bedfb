import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';

import type { BulkCipher } from '../suites/bulk-cipher.ts';
import { writeSequence } from './record-header.ts';

/**
 * Encrypts into a record whose header is written (RFC 5288, 6655, 7905): explicit nonce, ciphertext, tag from `start` on.
 *
 * @param ivs holds our write IV at `iv`
 */
export function sealAead(
  bulk: BulkCipher,
  key: KeyObject,
  ivs: Buffer,
  iv: number,
  record: Buffer,
  start: number,
  epoch: number,
  sequence: number,
  aad: Buffer,
  plaintext: Uint8Array,
): void {
  const { explicitNonceLength, tagLength } = bulk;
  writeNonce(bulk, ivs, iv, epoch, sequence);
  // Epoch and sequence number, as they stand in the header: never twice under one key (RFC 5288 3).
  if (explicitNonceLength > 0) record.copyWithin(start, 3, 11);
  const cipher = createCipheriv(bulk.algorithm as 'aes-128-gcm', key, NONCE, OPTIONS[tagLength]);
  cipher.setAAD(aad, bulk.mode === 'ccm' ? { plaintextLength: plaintext.length } : undefined);
  const offset = start + explicitNonceLength;
  record.set(cipher.update(plaintext), offset);
  cipher.final();
  record.set(cipher.getAuthTag(), offset + plaintext.length);
}

/**
 * Decrypts the fragment between `start` and `end`.
 *
 * @param ivs holds the peer's write IV at `iv`
 * @param length of the plaintext: of the fragment without explicit nonce and tag
 * @returns undefined when it is not authentic
 */
export function openAead(
  bulk: BulkCipher,
  key: KeyObject,
  ivs: Buffer,
  iv: number,
  datagram: Buffer,
  start: number,
  epoch: number,
  sequence: number,
  aad: Buffer,
  length: number,
): Buffer | undefined {
  const { explicitNonceLength, fixedIvLength, tagLength } = bulk;
  writeNonce(bulk, ivs, iv, epoch, sequence);
  // What the sender chose: that it is epoch and sequence number is only a custom (RFC 5288 3).
  if (explicitNonceLength > 0) datagram.copy(NONCE, fixedIvLength, start, start + explicitNonceLength);
  const offset = start + explicitNonceLength;
  const end = offset + length;
  const decipher = createDecipheriv(bulk.algorithm as 'aes-128-gcm', key, NONCE, OPTIONS[tagLength]);
  decipher.setAuthTag(datagram.subarray(end, end + tagLength));
  decipher.setAAD(aad, bulk.mode === 'ccm' ? { plaintextLength: length } : undefined);
  try {
    const content = decipher.update(datagram.subarray(offset, end));
    decipher.final();
    return content;
  } catch {
    return undefined;
  }
}

/** GCM and CCM: salt, epoch and sequence number. ChaCha20-Poly1305: those with zeros before them, exclusive-or the IV. */
function writeNonce({ fixedIvLength }: BulkCipher, ivs: Buffer, iv: number, epoch: number, sequence: number): void {
  writeSequence(NONCE, 4, epoch, sequence);
  for (let index = 0; index < 4; index++) NONCE[index] = ivs[iv + index] ?? 0;
  for (let index = 4; index < fixedIvLength; index++) NONCE[index] = (NONCE[index] ?? 0) ^ (ivs[iv + index] ?? 0);
}

/** Reused for every record: sealing and opening are done before anybody else comes to it. */
const NONCE = Buffer.alloc(12);

/** By the length of the tag. */
const OPTIONS = Array.from({ length: 17 }, (_, authTagLength) => ({ authTagLength }));
