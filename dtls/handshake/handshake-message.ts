import { ByteWriter } from './byte-writer.ts';
import { HANDSHAKE_HEADER_OCTETS } from './handshake-type.ts';

/** One whole handshake message. */
export interface HandshakeMessage {
  readonly type: number;
  /** message_seq, 0 to 65535. */
  readonly sequence: number;
  /** Epoch of the record that carried it. */
  readonly epoch: number;
  /** Header and body, as the transcript takes them: in one piece (RFC 6347 4.2.6). */
  readonly octets: Buffer;
  readonly body: Buffer;
}

/** A writer that has left room for the header. */
export function beginMessage(): ByteWriter {
  return new ByteWriter().uint32(0).uint32(0).uint32(0);
}

/** Fills the header in: one whole fragment. */
export function endMessage(writer: ByteWriter, type: number, sequence: number): Buffer {
  const octets = writer.finish();
  const length = octets.length - HANDSHAKE_HEADER_OCTETS;
  writeHandshakeHeader(octets, 0, type, length, sequence, 0, length);
  return octets;
}

export function writeHandshakeHeader(
  target: Buffer,
  at: number,
  type: number,
  length: number,
  sequence: number,
  fragmentOffset: number,
  fragmentLength: number,
): void {
  target[at] = type;
  target[at + 1] = length >>> 16;
  target[at + 2] = length >>> 8;
  target[at + 3] = length;
  target[at + 4] = sequence >>> 8;
  target[at + 5] = sequence;
  target[at + 6] = fragmentOffset >>> 16;
  target[at + 7] = fragmentOffset >>> 8;
  target[at + 8] = fragmentOffset;
  target[at + 9] = fragmentLength >>> 16;
  target[at + 10] = fragmentLength >>> 8;
  target[at + 11] = fragmentLength;
}
