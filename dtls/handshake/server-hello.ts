import { ByteReader } from './byte-reader.ts';
import { type HelloExtensions, noExtensions, readExtensions, writeExtensions } from './extensions.ts';
import { beginMessage, endMessage } from './handshake-message.ts';
import { VERSION_DTLS_1_2 } from '../record/record-header.ts';
import { HANDSHAKE_TYPE } from './handshake-type.ts';

/** RFC 5246 7.4.1.3. Buffers are views of the message. */
export interface ServerHello {
  readonly version: number;
  readonly random: Buffer;
  readonly sessionId: Buffer;
  readonly cipherSuite: number;
  readonly compressionMethod: number;
  readonly extensions: HelloExtensions;
}

export function readServerHello(body: Buffer): ServerHello | undefined {
  const reader = new ByteReader(body);
  const version = reader.uint16();
  const random = reader.bytes(32);
  const sessionId = reader.vector8(0, 32);
  const cipherSuite = reader.uint16();
  const compressionMethod = reader.uint8();
  if (reader.failed) return undefined;
  const extensions = reader.remaining === 0 ? noExtensions() : readExtensions(reader.vector16(), 'server');
  if (!reader.complete || extensions === undefined) return undefined;
  return { version, random, sessionId, cipherSuite, compressionMethod, extensions };
}

export function writeServerHello(hello: ServerHello, sequence: number): Buffer {
  const writer = beginMessage();
  writer.uint16(VERSION_DTLS_1_2).bytes(hello.random).vector8(hello.sessionId).uint16(hello.cipherSuite);
  writer.uint8(hello.compressionMethod);
  writeExtensions(writer, hello.extensions, 'server');
  return endMessage(writer, HANDSHAKE_TYPE.serverHello, sequence);
}
