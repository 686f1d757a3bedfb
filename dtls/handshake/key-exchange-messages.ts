import type { KeyExchange } from '../suites/cipher-suite.ts';
import { ByteReader } from './byte-reader.ts';
import type { DigitallySigned } from './certificate-messages.ts';
import { beginMessage, endMessage } from './handshake-message.ts';
import { HANDSHAKE_TYPE } from './handshake-type.ts';

/** ECCurveType named_curve (RFC 8422 5.4), the only one in use. */
const NAMED_CURVE = 3;

/** Parts of a ServerKeyExchange, each where the key exchange has it (RFC 4279 2, RFC 5489 2, RFC 8422 5.4). */
export interface ServerKeyExchange {
  /** psk and ecdhe-psk. */
  readonly hint: Buffer | undefined;
  /** All but psk. */
  readonly group: number;
  readonly publicKey: Buffer | undefined;
  /** ecdhe-ecdsa and ecdhe-rsa. */
  readonly signed: DigitallySigned | undefined;
  /** The ServerECDHParams as they stand in the message: what the signature covers after both randoms. */
  readonly parameters: Buffer;
}

export function readServerKeyExchange(body: Buffer, exchange: KeyExchange): ServerKeyExchange | undefined {
  const reader = new ByteReader(body);
  const hint = exchange === 'psk' || exchange === 'ecdhe-psk' ? reader.vector16() : undefined;
  const start = reader.offset;
  let group = 0;
  let publicKey: Buffer | undefined;
  if (exchange !== 'psk') {
    if (reader.uint8() !== NAMED_CURVE) return undefined;
    group = reader.uint16();
    publicKey = reader.vector8(1);
  }
  const parameters = body.subarray(start, reader.offset);
  let signed: DigitallySigned | undefined;
  if (exchange === 'ecdhe-ecdsa' || exchange === 'ecdhe-rsa')
    signed = { scheme: reader.uint16(), signature: reader.vector16() };
  return reader.complete ? { hint, group, publicKey, signed, parameters } : undefined;
}

/** The ServerECDHParams of a named group. */
export function writeParameters(group: number, publicKey: Buffer): Buffer {
  const parameters = Buffer.allocUnsafe(4 + publicKey.length);
  parameters[0] = NAMED_CURVE;
  parameters.writeUInt16BE(group, 1);
  parameters[3] = publicKey.length;
  publicKey.copy(parameters, 4);
  return parameters;
}

/** @param parameters as writeParameters() made them; undefined for psk */
export function writeServerKeyExchange(
  hint: Buffer | undefined,
  parameters: Buffer | undefined,
  signed: DigitallySigned | undefined,
  sequence: number,
): Buffer {
  const writer = beginMessage();
  if (hint !== undefined) writer.vector16(hint);
  if (parameters !== undefined) writer.bytes(parameters);
  if (signed !== undefined) writer.uint16(signed.scheme).vector16(signed.signature);
  return endMessage(writer, HANDSHAKE_TYPE.serverKeyExchange, sequence);
}

/** Parts of a ClientKeyExchange. */
export interface ClientKeyExchange {
  /** psk and ecdhe-psk. */
  readonly identity: Buffer | undefined;
  /** All but psk. */
  readonly publicKey: Buffer | undefined;
}

export function readClientKeyExchange(body: Buffer, exchange: KeyExchange): ClientKeyExchange | undefined {
  const reader = new ByteReader(body);
  const identity = exchange === 'psk' || exchange === 'ecdhe-psk' ? reader.vector16() : undefined;
  const publicKey = exchange === 'psk' ? undefined : reader.vector8(1);
  return reader.complete ? { identity, publicKey } : undefined;
}

export function writeClientKeyExchange({ identity, publicKey }: ClientKeyExchange, sequence: number): Buffer {
  const writer = beginMessage();
  if (identity !== undefined) writer.vector16(identity);
  if (publicKey !== undefined) writer.vector8(publicKey);
  return endMessage(writer, HANDSHAKE_TYPE.clientKeyExchange, sequence);
}
