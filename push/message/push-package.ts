import { PushError } from '../errors.ts';

/** MIME type of a push package, ours. */
export const PUSH_PACKAGE_CONTENT_TYPE = 'application/vnd.osgate.gba-push';

/** An agent's card refused the SQN of a GPI: what the gateway needs for another one (TS 33.102 6.3.3). */
export interface PackedResynchronisation {
  /** RAND of the refused GPI, 16 octets. */
  readonly rand: Buffer;
  /** 14 octets. */
  readonly auts: Buffer;
}

/** What travels between gateway and agent in one piece; every part may be absent. */
export interface PushPackage {
  /** GPI envelope. */
  readonly envelope?: Buffer;
  /** A message of the push layer. */
  readonly message?: Buffer;
  readonly resynchronisation?: PackedResynchronisation;
}

/** docs/gpi.md: each unit is a type (1 octet), a length (2) and that many octets, in rising order of types. */
const ENVELOPE = 1;
const MESSAGE = 2;
const RESYNCHRONISATION = 3;
const UNIT_HEADER_OCTETS = 3;
const RAND_OCTETS = 16;
const AUTS_OCTETS = 14;

/** @throws PushError OSGATE_PUSH_INVALID_ARGUMENT for a part of more than 65,535 octets */
export function formatPushPackage({ envelope, message, resynchronisation }: PushPackage): Buffer {
  const units: Buffer[] = [];
  if (envelope !== undefined) units.push(header(ENVELOPE, envelope.length), envelope);
  if (message !== undefined) units.push(header(MESSAGE, message.length), message);
  if (resynchronisation !== undefined) {
    const { rand, auts } = resynchronisation;
    units.push(header(RESYNCHRONISATION, rand.length + auts.length), rand, auts);
  }
  return Buffer.concat(units);
}

/** Undefined for what is no package; an unknown type, a type twice or out of order is none. */
export function parsePushPackage(octets: Uint8Array): PushPackage | undefined {
  const buffer = Buffer.from(octets.buffer, octets.byteOffset, octets.length);
  const parts: { -readonly [Part in keyof PushPackage]: PushPackage[Part] } = {};
  let last = 0;
  for (let offset = 0; offset < buffer.length;) {
    if (buffer.length < offset + UNIT_HEADER_OCTETS) return undefined;
    const type = buffer.readUInt8(offset);
    const start = offset + UNIT_HEADER_OCTETS;
    const end = start + buffer.readUInt16BE(offset + 1);
    if (type <= last || end > buffer.length) return undefined;
    const value = buffer.subarray(start, end);
    if (type === ENVELOPE) parts.envelope = value;
    else if (type === MESSAGE) parts.message = value;
    else if (type === RESYNCHRONISATION && value.length === RAND_OCTETS + AUTS_OCTETS) {
      parts.resynchronisation = { rand: value.subarray(0, RAND_OCTETS), auts: value.subarray(RAND_OCTETS) };
    } else return undefined;
    last = type;
    offset = end;
  }
  return last === 0 ? undefined : parts;
}

function header(type: number, length: number): Buffer {
  if (length > 0xffff) {
    throw new PushError('OSGATE_PUSH_INVALID_ARGUMENT', 'a part of a push package has at most 65,535 octets');
  }
  return Buffer.of(type, length >> 8, length & 0xff);
}
