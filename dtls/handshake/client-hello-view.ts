import { ByteReader } from './byte-reader.ts';
import { HANDSHAKE_TYPE } from './handshake-type.ts';

/**
 * What a server needs of a ClientHello before it keeps anything: where the cookie is, and the octets that the cookie must
 * cover (RFC 6347 4.2.1: version, random, session identifier, suites, compression methods). Views of the datagram, no copies.
 */
export interface ClientHelloView {
  /** The client's version, 0xFEFD for DTLS 1.2. */
  readonly version: number;
  readonly messageSequence: number;
  readonly random: Buffer;
  readonly cookie: Buffer;
  /** Version, random and session identifier. */
  readonly beforeCookie: Buffer;
  /** Cipher suites and compression methods. */
  readonly afterCookie: Buffer;
}

/**
 * Reads the ClientHello at the begin of a handshake record's content. Undefined when it is none, is malformed, or comes in
 * fragments: a server that keeps nothing can only answer a ClientHello that is whole.
 *
 * @param content the handshake record without its 13 octet header
 */
export function readClientHelloView(content: Buffer): ClientHelloView | undefined {
  const header = new ByteReader(content);
  const type = header.uint8();
  const length = header.uint24();
  const messageSequence = header.uint16();
  const fragmentOffset = header.uint24();
  const fragmentLength = header.uint24();
  if (type !== HANDSHAKE_TYPE.clientHello || fragmentOffset !== 0 || fragmentLength !== length) return undefined;
  if (header.failed || length > header.remaining) return undefined;
  const start = header.offset;
  const reader = new ByteReader(content, start, start + length);
  const version = reader.uint16();
  const random = reader.bytes(32);
  reader.vector8(0, 32);
  const beforeCookie = content.subarray(start, reader.offset);
  const cookie = reader.vector8();
  const suites = reader.offset;
  reader.vector16(2);
  reader.vector8(1);
  if (reader.failed) return undefined;
  return {
    version,
    messageSequence,
    random,
    cookie,
    beforeCookie,
    afterCookie: content.subarray(suites, reader.offset),
  };
}
