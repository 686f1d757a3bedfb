/** One element of DER (X.690), as far as certificates need it: tags of one octet, definite lengths. */
export interface DerElement {
  readonly tag: number;
  readonly content: Buffer;
  /** Of the octet behind the element. */
  readonly end: number;
}

/** Tags of X.690 8, as they stand in the octet. */
export const DER = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  sequence: 0x30,
} as const;

/** Reads the element at `offset`; undefined when none begins there or it is not whole. */
export function readDer(octets: Buffer, offset: number): DerElement | undefined {
  const tag = octets[offset];
  const first = octets[offset + 1];
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) return undefined;
  let start = offset + 2;
  let length = first;
  if (first >= 0x80) {
    const count = first & 0x7f;
    // Four octets of length are more than any certificate has; none is the indefinite form, which DER does not have.
    if (count === 0 || count > 3 || start + count > octets.length) return undefined;
    length = octets.readUIntBE(start, count);
    start += count;
  }
  const end = start + length;
  return end > octets.length ? undefined : { tag, content: octets.subarray(start, end), end };
}

/** The elements that stand in a row and fill `octets`; undefined when they do not. */
export function readDerSequence(octets: Buffer): DerElement[] | undefined {
  const elements: DerElement[] = [];
  for (let offset = 0; offset < octets.length;) {
    const element = readDer(octets, offset);
    if (element === undefined) return undefined;
    elements.push(element);
    offset = element.end;
  }
  return elements;
}
