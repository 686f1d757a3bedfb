import { crc32 } from 'node:zlib';

import { addressOctets } from './address-octets.ts';
import type { Peer } from './transport.ts';

/** What to do with a datagram whose first two bits are zero. */
export type StunReading =
  /** A Binding request; `response` is its answer. */
  | { readonly outcome: 'request'; readonly response: Buffer }
  /** A Binding indication: a keepalive that wants no answer (RFC 5389 7.3.2). */
  | { readonly outcome: 'indication' }
  | { readonly outcome: 'malformed' };

const MALFORMED: StunReading = { outcome: 'malformed' };
const INDICATION: StunReading = { outcome: 'indication' };

const BINDING_REQUEST = 0x0001;
const BINDING_INDICATION = 0x0011;
const BINDING_SUCCESS = 0x0101;
const BINDING_ERROR = 0x0111;
const MAGIC_COOKIE = 0x2112a442;
const HEADER_OCTETS = 20;

const USERNAME = 0x0006;
const MESSAGE_INTEGRITY = 0x0008;
const ERROR_CODE = 0x0009;
const UNKNOWN_ATTRIBUTES = 0x000a;
const XOR_MAPPED_ADDRESS = 0x0020;
const FINGERPRINT = 0x8028;
const FINGERPRINT_XOR = 0x5354554e;
/** Below, an attribute that is not understood makes the request fail (RFC 5389 15). */
const FIRST_OPTIONAL = 0x8000;

/**
 * Reads a STUN message and makes the answer to a Binding request (RFC 5389 7, RFC 5626 8): XOR-MAPPED-ADDRESS, and FINGERPRINT
 * when the request had one. Nobody has to authenticate for that, so only what is well-formed to the last octet is answered,
 * with at most 24 octets more than it had.
 */
export function readStun(datagram: Buffer, source: Peer): StunReading {
  if (datagram.length < HEADER_OCTETS || datagram.length % 4 !== 0) return MALFORMED;
  if (datagram.readUInt16BE(2) !== datagram.length - HEADER_OCTETS) return MALFORMED;
  if (datagram.readUInt32BE(4) !== MAGIC_COOKIE) return MALFORMED;
  const type = datagram.readUInt16BE(0);
  if (type !== BINDING_REQUEST && type !== BINDING_INDICATION) return MALFORMED;
  const attributes = readAttributes(datagram);
  if (attributes === undefined) return MALFORMED;
  if (type === BINDING_INDICATION) return INDICATION;
  const transactionId = datagram.subarray(4, HEADER_OCTETS);
  const { unknown, fingerprint } = attributes;
  const response =
    unknown === undefined
      ? message(BINDING_SUCCESS, transactionId, [mappedAddress(source, transactionId)], fingerprint)
      : message(BINDING_ERROR, transactionId, [unknownAttributeError(), unknownAttribute(unknown)], fingerprint);
  return { outcome: 'request', response };
}

interface Attributes {
  /** The first attribute that must be understood and is not. */
  readonly unknown: number | undefined;
  readonly fingerprint: boolean;
}

function readAttributes(datagram: Buffer): Attributes | undefined {
  let unknown: number | undefined;
  let position = HEADER_OCTETS;
  while (position < datagram.length) {
    const type = datagram.readUInt16BE(position);
    const length = datagram.readUInt16BE(position + 2);
    const end = position + 4 + length + ((4 - (length % 4)) % 4);
    if (end > datagram.length) return undefined;
    if (type === FINGERPRINT) {
      // It is the last one, and covers all before it.
      const good =
        length === 4 && end === datagram.length && datagram.readUInt32BE(position + 4) === checksum(datagram, position);
      return good ? { unknown, fingerprint: true } : undefined;
    }
    if (type < FIRST_OPTIONAL && type !== USERNAME && type !== MESSAGE_INTEGRITY) unknown ??= type;
    position = end;
  }
  return { unknown, fingerprint: false };
}

function message(type: number, transactionId: Buffer, attributes: readonly Buffer[], fingerprint: boolean): Buffer {
  const length = attributes.reduce((sum, attribute) => sum + attribute.length, fingerprint ? 8 : 0);
  const bytes = Buffer.alloc(HEADER_OCTETS + length);
  bytes.writeUInt16BE(type, 0);
  bytes.writeUInt16BE(length, 2);
  transactionId.copy(bytes, 4);
  let position = HEADER_OCTETS;
  for (const attribute of attributes) position += attribute.copy(bytes, position);
  if (fingerprint) {
    bytes.writeUInt16BE(FINGERPRINT, position);
    bytes.writeUInt16BE(4, position + 2);
    bytes.writeUInt32BE(checksum(bytes, position), position + 4);
  }
  return bytes;
}

function checksum(bytes: Buffer, end: number): number {
  return (crc32(bytes.subarray(0, end)) ^ FINGERPRINT_XOR) >>> 0;
}

/** RFC 5389 15.2; `key` is the cookie and the transaction id, with which port and address are mixed. */
function mappedAddress({ address, port }: Peer, key: Buffer): Buffer {
  const octets = addressOctets(address);
  const attribute = Buffer.alloc(8 + octets.length);
  attribute.writeUInt16BE(XOR_MAPPED_ADDRESS, 0);
  attribute.writeUInt16BE(4 + octets.length, 2);
  attribute[5] = octets.length === 4 ? 1 : 2;
  attribute.writeUInt16BE(port ^ (MAGIC_COOKIE >>> 16), 6);
  octets.forEach((octet, index) => {
    attribute[8 + index] = octet ^ (key[index] ?? 0);
  });
  return attribute;
}

/** 420, without a phrase, so that the answer stays small. */
function unknownAttributeError(): Buffer {
  return Buffer.from([0, ERROR_CODE, 0, 4, 0, 0, 4, 20]);
}

function unknownAttribute(type: number): Buffer {
  return Buffer.from([0, UNKNOWN_ATTRIBUTES, 0, 2, type >> 8, type & 0xff, 0, 0]);
}
