/** Octets of the number that follows the first octet of an element, by that octet; the number is the value itself. */
const NUMBERS: Readonly<Record<number, number>> = { 0xca: 4, 0xcb: 8, 0xcc: 1, 0xcd: 2, 0xce: 4, 0xcf: 8 };
/** The same, where the number says how many octets of binary or text follow. */
const LENGTHS: Readonly<Record<number, number>> = { 0xc4: 1, 0xc5: 2, 0xc6: 4, 0xd9: 1, 0xda: 2, 0xdb: 4 };

const NIL = 0xc0;

/**
 * Whether octets are a MessagePack array of so many elements (at most 15) and nothing behind it, each of them a text, binary,
 * number that is not below 0, or nil. What is more than that would have a reader follow nested lists until its stack is full.
 */
export function isFlatArray(octets: Buffer, elements: number): boolean {
  if (octets[0] !== (0x90 | elements)) return false;
  let offset = 1;
  for (let element = 0; element < elements; element++) {
    const first = octets[offset++];
    if (first === undefined) return false;
    const lengthOctets = LENGTHS[first];
    if (lengthOctets !== undefined) {
      if (offset + lengthOctets > octets.length) return false;
      offset += lengthOctets + octets.readUIntBE(offset, lengthOctets);
    } else if (first >= 0xa0 && first < 0xc0) offset += first & 0x1f;
    else if (first > 0x7f && first !== NIL) {
      const numberOctets = NUMBERS[first];
      if (numberOctets === undefined) return false;
      offset += numberOctets;
    }
  }
  return offset === octets.length;
}
