import { CID_OFFSET, CONTENT_TYPE, RECORD_HEADER_OCTETS, writeSequence } from './record-header.ts';

/**
 * What is authenticated besides the content: epoch, sequence number, type, version, length (RFC 5246 6.2.3.3, RFC 6347 4.1.2.1). It
 * is overwritten by the next call.
 *
 * @param length of the plaintext for AEAD, of IV and ciphertext for encrypt-then-MAC (RFC 7366 3)
 */
export function additionalData(type: number, epoch: number, sequence: number, length: number): Buffer {
  writeSequence(PLAIN, 0, epoch, sequence);
  PLAIN[8] = type;
  PLAIN[9] = 0xfe;
  PLAIN[10] = 0xfd;
  PLAIN[11] = length >> 8;
  PLAIN[12] = length & 0xff;
  return PLAIN;
}

/**
 * The same for a record with a connection identifier (RFC 9146 5): eight octets of ones, type 25, length of the identifier, the header
 * up to the identifier as it stands on the wire, length. It is overwritten by the next call.
 *
 * @param record has a whole header at `start`
 * @param length of the inner plaintext for AEAD, of IV and ciphertext for encrypt-then-MAC
 */
export function cidAdditionalData(record: Buffer, start: number, cidLength: number, length: number): Buffer {
  WITH_CID[9] = cidLength;
  record.copy(WITH_CID, HEADER_START, start, start + CID_OFFSET + cidLength);
  const end = HEADER_START + CID_OFFSET + cidLength;
  WITH_CID[end] = length >> 8;
  WITH_CID[end + 1] = length & 0xff;
  return WITH_CID_BY_LENGTH[cidLength] ?? WITH_CID;
}

const CID_FIXED_OCTETS = 23;
/** Of the type on the wire, behind the ones, the type and the length of the identifier. */
const HEADER_START = 10;

/** Reused for every record: sealing and opening are done before anybody else comes to them. */
const PLAIN = Buffer.alloc(RECORD_HEADER_OCTETS);
const WITH_CID = Buffer.alloc(CID_FIXED_OCTETS + 255, 0xff);
WITH_CID[8] = CONTENT_TYPE.connectionId;
const WITH_CID_BY_LENGTH = Array.from({ length: 256 }, (_, length) => WITH_CID.subarray(0, CID_FIXED_OCTETS + length));
