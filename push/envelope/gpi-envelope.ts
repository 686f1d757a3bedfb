import { PushError } from '../errors.ts';

/** MIME type of a GPI (TS 24.109 J.2.2). */
export const GPI_CONTENT_TYPE = 'application/vnd.3gpp.gba.gpi';

/** What wraps a GPI on its way to an agent (TS 24.109 J.2.2). */
export interface GpiEnvelope {
  /** Set by the gateway, different for each push session to one agent at the same time: 0 to 65,535. */
  readonly sessionId: number;
  readonly gpi: Buffer;
}

/** TS 24.109 J.2.2: the version is 1. */
const VERSION = 1;
/** Order and widths of version and session identifier are unconfirmed; docs/gpi.md says what osgate does. */
const HEADER_OCTETS = 3;

/** @throws PushError OSGATE_PUSH_INVALID_ARGUMENT for a session identifier of more than 16 bits */
export function formatGpiEnvelope({ sessionId, gpi }: GpiEnvelope): Buffer {
  if (!Number.isInteger(sessionId) || sessionId < 0 || sessionId > 0xffff) {
    throw new PushError('OSGATE_PUSH_INVALID_ARGUMENT', 'a session identifier is a number from 0 to 65,535');
  }
  return Buffer.concat([Buffer.of(VERSION, sessionId >> 8, sessionId & 0xff), gpi]);
}

/** Undefined for what is no envelope. */
export function parseGpiEnvelope(octets: Uint8Array): GpiEnvelope | undefined {
  const buffer = Buffer.from(octets.buffer, octets.byteOffset, octets.length);
  if (buffer.length <= HEADER_OCTETS || buffer[0] !== VERSION) return undefined;
  return { sessionId: buffer.readUInt16BE(1), gpi: buffer.subarray(HEADER_OCTETS) };
}
