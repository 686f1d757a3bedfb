/** The content types of records (RFC 5246 6.2.1, RFC 9146 4, RFC 9853). */
export const CONTENT_TYPE = {
  changeCipherSpec: 20,
  alert: 21,
  handshake: 22,
  applicationData: 23,
  heartbeat: 24,
  connectionId: 25,
  ack: 26,
  returnRoutabilityCheck: 27,
} as const;

/** Versions as on the wire, ones' complement of those of TLS. */
export const VERSION_DTLS_1_0 = 0xfeff;
export const VERSION_DTLS_1_2 = 0xfefd;

/** Octets of a record header without a connection identifier (RFC 6347 4.1). */
export const RECORD_HEADER_OCTETS = 13;
/** Octets of content that a record may carry (RFC 5246 6.2.1), and of that content protected (6.2.3). */
export const MAXIMUM_PLAINTEXT_OCTETS = 16_384;
export const MAXIMUM_FRAGMENT_OCTETS = MAXIMUM_PLAINTEXT_OCTETS + 2048;
/** The last record sequence number of an epoch (RFC 6347 4.1): 48 bits. */
export const MAXIMUM_SEQUENCE = 2 ** 48 - 1;

/**
 * Where one record stands in a datagram, and what its header says. One is made and used for all datagrams: `readRecord`
 * fills it in. Nothing of it is authenticated before RecordProtection has opened the record.
 */
export class RecordView {
  /** On the wire; 25 for a record with a connection identifier. */
  type = 0;
  /** What the record carries: `type`, and after a record with a connection identifier was opened, the type found inside. */
  contentType = 0;
  version = 0;
  epoch = 0;
  /** 0 to 2^48 - 1. */
  sequence = 0;
  /** Of the first octet of the header. */
  start = 0;
  /** Of the connection identifier, which has `cidLength` octets; 0 of them when the type is not 25. */
  cidLength = 0;
  /** Of the fragment: what follows the header. */
  fragmentStart = 0;
  /** Behind the last octet of the fragment, where the next record begins. */
  end = 0;
}

/** Where the connection identifier of a record stands, from the start of its header (RFC 9146 4). */
export const CID_OFFSET = 11;

/**
 * Reads the header of the record that begins at `offset`, without copying.
 *
 * @param cidLength octets of the connection identifiers that we give out, which the wire does not tell; 0 for none
 * @returns false when no whole record of DTLS 1.0 or 1.2 begins there: the rest of the datagram is to be dropped
 */
export function readRecord(datagram: Buffer, offset: number, cidLength: number, view: RecordView): boolean {
  if (offset + RECORD_HEADER_OCTETS > datagram.length) return false;
  const type = at(datagram, offset);
  if (type < CONTENT_TYPE.changeCipherSpec || type > CONTENT_TYPE.returnRoutabilityCheck) return false;
  const version = uint16(datagram, offset + 1);
  const hasCid = type === CONTENT_TYPE.connectionId;
  // The version field never takes part in negotiation, and only these two exist (RFC 6347 4.1, RFC 9146 4).
  if (version !== VERSION_DTLS_1_2 && (hasCid || version !== VERSION_DTLS_1_0)) return false;
  const length = hasCid ? cidLength : 0;
  if (hasCid && cidLength === 0) return false;
  const fragmentStart = offset + RECORD_HEADER_OCTETS + length;
  if (fragmentStart > datagram.length) return false;
  const fragmentLength = uint16(datagram, fragmentStart - 2);
  const end = fragmentStart + fragmentLength;
  if (fragmentLength > MAXIMUM_FRAGMENT_OCTETS || end > datagram.length) return false;
  view.type = type;
  view.contentType = type;
  view.version = version;
  view.epoch = uint16(datagram, offset + 3);
  view.sequence = uint48(datagram, offset + 5);
  view.start = offset;
  view.cidLength = length;
  view.fragmentStart = fragmentStart;
  view.end = end;
  return true;
}

/** Whether a datagram looks like DTLS, of any version, by its first octet (RFC 9147 4.1; RFC 7983 for shared ports). */
export function isDtlsOctet(octet: number | undefined): boolean {
  return octet !== undefined && ((octet >= 20 && octet <= 27) || (octet >= 32 && octet <= 63));
}

/**
 * Writes a record header with version DTLS 1.2.
 *
 * @param cid the peer's connection identifier, for records of type 25
 * @param length octets of the fragment that follows
 * @returns the offset behind the header
 */
export function writeRecordHeader(
  target: Buffer,
  offset: number,
  type: number,
  epoch: number,
  sequence: number,
  length: number,
  cid?: Buffer,
  version: number = VERSION_DTLS_1_2,
): number {
  target[offset] = type;
  target[offset + 1] = version >> 8;
  target[offset + 2] = version & 0xff;
  writeSequence(target, offset + 3, epoch, sequence);
  let end = offset + CID_OFFSET;
  if (cid !== undefined) {
    target.set(cid, end);
    end += cid.length;
  }
  target[end] = length >> 8;
  target[end + 1] = length & 0xff;
  return end + 2;
}

/** Writes epoch and sequence number, 8 octets, as they stand in headers, nonces and additional data. */
export function writeSequence(target: Buffer, offset: number, epoch: number, sequence: number): void {
  const high = Math.floor(sequence / 2 ** 32);
  target[offset] = epoch >> 8;
  target[offset + 1] = epoch & 0xff;
  target[offset + 2] = high >> 8;
  target[offset + 3] = high & 0xff;
  target[offset + 4] = (sequence >>> 24) & 0xff;
  target[offset + 5] = (sequence >>> 16) & 0xff;
  target[offset + 6] = (sequence >>> 8) & 0xff;
  target[offset + 7] = sequence & 0xff;
}

/** A record that is not protected, of epoch 0. @param version DTLS 1.0 for a HelloVerifyRequest (RFC 6347 4.2.1) */
export function plainRecord(type: number, sequence: number, fragment: Buffer, version?: number): Buffer {
  const record = Buffer.allocUnsafe(RECORD_HEADER_OCTETS + fragment.length);
  writeRecordHeader(record, 0, type, 0, sequence, fragment.length, undefined, version);
  fragment.copy(record, RECORD_HEADER_OCTETS);
  return record;
}

function at(octets: Buffer, index: number): number {
  return octets[index] ?? 0;
}

/** A sum with a product in it is a double to V8, which an association would keep in 16 octets more, and most numbers are small. */
function uint48(octets: Buffer, index: number): number {
  const high = uint16(octets, index);
  const low = ((uint16(octets, index + 2) << 16) | uint16(octets, index + 4)) >>> 0;
  return high === 0 ? low : high * 2 ** 32 + low;
}

function uint16(octets: Buffer, index: number): number {
  return (at(octets, index) << 8) | at(octets, index + 1);
}
