/** Ports of the wireless datagram protocol, 0 to 65,535 each (TS 23.040 9.2.3.24.4). */
export interface WdpPorts {
  readonly destination: number;
  readonly source: number;
}

/** A part of a longer message (TS 23.040 9.2.3.24.1 and 9.2.3.24.8). */
export interface Concatenation {
  /** The same in all parts of one message: 8 or 16 bits. */
  readonly reference: number;
  readonly referenceBits: 8 | 16;
  /** How many parts there are, 1 to 255. */
  readonly total: number;
  /** Which one this is, from 1 to `total`. */
  readonly part: number;
}

/** What we know of the user data header of a short message. */
export interface UserDataHeader {
  readonly ports?: WdpPorts;
  readonly concatenation?: Concatenation;
}

/** What stands before the octets of a short message whose esm_class has the UDH indicator. */
export interface UserData {
  readonly header: UserDataHeader;
  readonly body: Buffer;
}

/** Information element identifiers (TS 23.040 9.2.3.24). */
const CONCATENATED_8_BIT = 0x00;
const PORTS_16_BIT = 0x05;
const CONCATENATED_16_BIT = 0x08;

/** The header with its length octet: concatenation first, since old handsets look for it there. */
export function formatUserDataHeader({ ports, concatenation }: UserDataHeader): Buffer {
  const elements: number[] = [];
  if (concatenation !== undefined) {
    const { reference, referenceBits, total, part } = concatenation;
    if (referenceBits === 8) elements.push(CONCATENATED_8_BIT, 3, reference & 0xff, total, part);
    else elements.push(CONCATENATED_16_BIT, 4, (reference >> 8) & 0xff, reference & 0xff, total, part);
  }
  if (ports !== undefined) {
    const { destination, source } = ports;
    elements.push(PORTS_16_BIT, 4, destination >> 8, destination & 0xff, source >> 8, source & 0xff);
  }
  return Buffer.of(elements.length, ...elements);
}

/**
 * Undefined for what is no user data with a header. Elements that are not known are passed over, and of two of one kind the last
 * one counts (TS 23.040 9.2.3.24); parts that cannot be (number 0, or more than there are) make an element as if it were absent.
 */
export function parseUserData(octets: Buffer): UserData | undefined {
  const length = octets[0];
  if (length === undefined || octets.length < 1 + length) return undefined;
  const end = 1 + length;
  const header: { -readonly [Part in keyof UserDataHeader]: UserDataHeader[Part] } = {};
  for (let offset = 1; offset < end;) {
    const start = offset + 2;
    if (start > end) return undefined;
    const next = start + octets.readUInt8(offset + 1);
    if (next > end) return undefined;
    const value = octets.subarray(start, next);
    switch (octets.readUInt8(offset)) {
      case CONCATENATED_8_BIT:
        if (value.length === 3) setConcatenation(header, value.readUInt8(0), 8, value.subarray(1));
        break;
      case CONCATENATED_16_BIT:
        if (value.length === 4) setConcatenation(header, value.readUInt16BE(0), 16, value.subarray(2));
        break;
      case PORTS_16_BIT:
        if (value.length === 4) header.ports = { destination: value.readUInt16BE(0), source: value.readUInt16BE(2) };
        break;
      default:
    }
    offset = next;
  }
  return { header, body: octets.subarray(end) };
}

function setConcatenation(
  header: { concatenation?: Concatenation },
  reference: number,
  referenceBits: 8 | 16,
  counts: Buffer,
): void {
  const [total, part] = [counts.readUInt8(0), counts.readUInt8(1)];
  if (part >= 1 && part <= total) header.concatenation = { reference, referenceBits, total, part };
}
