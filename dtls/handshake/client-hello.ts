import { ByteReader } from './byte-reader.ts';
import { type HelloExtensions, noExtensions, readExtensions, readNumbers, writeExtensions } from './extensions.ts';
import { beginMessage, endMessage } from './handshake-message.ts';
import { VERSION_DTLS_1_2 } from '../record/record-header.ts';
import { HANDSHAKE_TYPE } from './handshake-type.ts';

/** RFC 6347 4.2.1. Buffers are views of the message. */
export interface ClientHello {
  readonly version: number;
  readonly random: Buffer;
  readonly sessionId: Buffer;
  readonly cookie: Buffer;
  readonly cipherSuites: readonly number[];
  /** Whether the null method is among the compression methods; no other is supported. */
  readonly nullCompression: boolean;
  readonly extensions: HelloExtensions;
}

export function readClientHello(body: Buffer): ClientHello | undefined {
  const reader = new ByteReader(body);
  const version = reader.uint16();
  const random = reader.bytes(32);
  const sessionId = reader.vector8(0, 32);
  const cookie = reader.vector8();
  const cipherSuites = readNumbers(reader.vector16(2));
  const nullCompression = reader.vector8(1).includes(0);
  if (reader.failed || cipherSuites === undefined) return undefined;
  const extensions = reader.remaining === 0 ? noExtensions() : readExtensions(reader.vector16(), 'client');
  if (!reader.complete || extensions === undefined) return undefined;
  return { version, random, sessionId, cookie, cipherSuites, nullCompression, extensions };
}

export function writeClientHello(hello: ClientHello, sequence: number): Buffer {
  const writer = beginMessage();
  writer.uint16(VERSION_DTLS_1_2).bytes(hello.random).vector8(hello.sessionId).vector8(hello.cookie);
  const suites = writer.beginVector16();
  for (const suite of hello.cipherSuites) writer.uint16(suite);
  writer.endVector16(suites).uint8(1).uint8(0);
  writeExtensions(writer, hello.extensions, 'client');
  return endMessage(writer, HANDSHAKE_TYPE.clientHello, sequence);
}
