import type { BulkCipher } from '../suites/bulk-cipher.ts';
import { writeSequence } from './record-header.ts';

/**
 * The nonce of a record that is sealed (RFC 5288 3, 6655 3, 7905 2), and its explicit part written where the record has it. It is
 * overwritten by the next call.
 *
 * @param ivs holds our write IV at `iv`
 * @param record with its header written
 * @param start of its fragment
 */
export function sealingNonce(
  bulk: BulkCipher,
  ivs: Buffer,
  iv: number,
  record: Buffer,
  start: number,
  epoch: number,
  sequence: number,
): Buffer {
  // Epoch and sequence number, as they stand in the header: never twice under one key (RFC 5288 3).
  if (bulk.explicitNonceLength > 0) record.copyWithin(start, 3, 11);
  return nonceOf(bulk, ivs, iv, epoch, sequence);
}

/**
 * The nonce that a record was sealed with. It is overwritten by the next call.
 *
 * @param ivs holds the peer's write IV at `iv`
 * @param start of the fragment in the datagram
 */
export function openingNonce(
  bulk: BulkCipher,
  ivs: Buffer,
  iv: number,
  datagram: Buffer,
  start: number,
  epoch: number,
  sequence: number,
): Buffer {
  const { explicitNonceLength, fixedIvLength } = bulk;
  const nonce = nonceOf(bulk, ivs, iv, epoch, sequence);
  // What the sender chose: that it is epoch and sequence number is only a custom (RFC 5288 3).
  if (explicitNonceLength > 0) datagram.copy(nonce, fixedIvLength, start, start + explicitNonceLength);
  return nonce;
}

/** GCM and CCM: salt, epoch and sequence number. ChaCha20-Poly1305: those with zeros before them, exclusive-or the IV. */
function nonceOf({ fixedIvLength }: BulkCipher, ivs: Buffer, iv: number, epoch: number, sequence: number): Buffer {
  writeSequence(NONCE, 4, epoch, sequence);
  for (let index = 0; index < 4; index++) NONCE[index] = ivs[iv + index] ?? 0;
  for (let index = 4; index < fixedIvLength; index++) NONCE[index] = (NONCE[index] ?? 0) ^ (ivs[iv + index] ?? 0);
  return NONCE;
}

/** Of every AEAD cipher that the suites use. */
export const NONCE_OCTETS = 12;

/** Reused for every record: sealing and opening are done before anybody else comes to it. */
const NONCE = Buffer.alloc(NONCE_OCTETS);
