import { CONTENT_TYPE, RECORD_HEADER_OCTETS } from '../record/record-header.ts';
import { ByteReader } from './byte-reader.ts';
import { VERSION_DTLS_1_0 } from '../record/record-header.ts';
import { HANDSHAKE_HEADER_OCTETS, HANDSHAKE_TYPE } from './handshake-type.ts';

/**
 * The whole datagram of a HelloVerifyRequest (RFC 6347 4.2.1). It repeats the record sequence number and the message_seq of
 * the ClientHello, so a server needs no memory, and says version DTLS 1.0 whatever is agreed on later.
 *
 * @param cookie 0 to 255 octets
 * @param recordSequence of the ClientHello's record, below 2^48
 */
export function writeHelloVerifyRequest(cookie: Buffer, messageSequence: number, recordSequence: number): Buffer {
  const body = 3 + cookie.length;
  const datagram = Buffer.allocUnsafe(RECORD_HEADER_OCTETS + HANDSHAKE_HEADER_OCTETS + body);
  datagram[0] = CONTENT_TYPE.handshake;
  datagram.writeUInt16BE(VERSION_DTLS_1_0, 1);
  datagram.writeUInt16BE(0, 3);
  datagram.writeUIntBE(recordSequence, 5, 6);
  datagram.writeUInt16BE(HANDSHAKE_HEADER_OCTETS + body, 11);
  datagram[13] = HANDSHAKE_TYPE.helloVerifyRequest;
  datagram.writeUIntBE(body, 14, 3);
  datagram.writeUInt16BE(messageSequence, 17);
  datagram.writeUIntBE(0, 19, 3);
  datagram.writeUIntBE(body, 22, 3);
  datagram.writeUInt16BE(VERSION_DTLS_1_0, 25);
  datagram[27] = cookie.length;
  cookie.copy(datagram, 28);
  return datagram;
}

/** The cookie of a HelloVerifyRequest's body. Its version says nothing, as nobody has vouched for it. */
export function readHelloVerifyRequest(body: Buffer): Buffer | undefined {
  const reader = new ByteReader(body);
  reader.uint16();
  const cookie = reader.vector8();
  return reader.complete ? cookie : undefined;
}
