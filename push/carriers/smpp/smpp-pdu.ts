import { PDU } from 'smpp';

/** What a PDU may hold: numbers, US-ASCII texts, octets. */
export type SmppField = number | string | Buffer;

/** A PDU of SMPP 3.4. */
export interface SmppPdu {
  /** As SMPP 3.4 writes it in 5.1.2.1, such as `submit_sm_resp`; `unknown` for a number that it does not have. */
  readonly command: string;
  /** command_status; 0 in requests, and in responses when all went well. */
  readonly status: number;
  /** sequence_number. */
  readonly sequence: number;
  /** Mandatory and optional parameters by name; those of a response that failed are absent. */
  readonly fields: Readonly<Record<string, SmppField>>;
}

/** Header of each PDU (SMPP 3.4 3.2). */
export const PDU_HEADER_OCTETS = 16;

/** Not bare octets: these are the names of the library for what is in {@link SmppPdu} already. */
const HEADER_FIELDS: ReadonlySet<string> = new Set([
  'command',
  'command_id',
  'command_length',
  'command_status',
  'sequence_number',
]);

/** Fields whose octets have their length before them, and in how many octets. */
const COUNTED_FIELDS = [
  ['short_message', 1],
  ['message_payload', 2],
] as const;

/** The library's PDU without its conversions, which lose octets: character sets, times, user data headers. */
class PlainPdu extends PDU {
  override _filter(): void {}
}

/** @throws the library's error for a command or a field that is none: a mistake of the caller */
export function formatPdu({ command, status, sequence, fields }: SmppPdu): Buffer {
  return new PlainPdu(command, { ...fields, command_status: status, sequence_number: sequence }).toBuffer();
}

/** Undefined for what is no PDU: whatever the library throws, or would read as if its end were the end of a field. */
export function parsePdu(octets: Buffer): SmppPdu | undefined {
  if (octets.length < PDU_HEADER_OCTETS || octets.readUInt32BE(0) !== octets.length) return undefined;
  let read: PDU;
  try {
    read = new PlainPdu(octets);
  } catch {
    return undefined;
  }
  const fields: Record<string, SmppField> = {};
  for (const [name, value] of Object.entries(read)) {
    if (HEADER_FIELDS.has(name)) continue;
    if (typeof value === 'number' || typeof value === 'string' || Buffer.isBuffer(value)) fields[name] = value;
  }
  if (COUNTED_FIELDS.some(([name, width]) => isCutOff(octets, fields[name], width))) return undefined;
  return { command: read.command, status: read.command_status, sequence: read.sequence_number, fields };
}

/** Whether a PDU of that command_id answers one of ours (SMPP 3.4 5.1.2). */
export function isResponse({ command }: Pick<SmppPdu, 'command'>): boolean {
  return command.endsWith('_resp') || command === 'generic_nack';
}

/** A field that says it is longer than the octets that came: the library gives what there is. */
function isCutOff(octets: Buffer, field: SmppField | undefined, width: 1 | 2): boolean {
  if (!Buffer.isBuffer(field) || field.buffer !== octets.buffer) return false;
  const start = field.byteOffset - octets.byteOffset;
  return start >= width && start <= octets.length && octets.readUIntBE(start - width, width) !== field.length;
}
