import { expect } from 'chai';

/** A field of some octets, where it lies, and how a receiver may refuse what has it changed. */
export interface Field {
  readonly name: string;
  readonly offset: number;
  readonly octets: number;
  readonly reasons: readonly string[];
}

export type Row = readonly [name: string, octets: number, ...reasons: string[]];

/** Fields one after the other. The table must cover every octet, so that none is forgotten. */
export function fieldTable(whole: Buffer, fields: readonly Row[]): Field[] {
  let offset = 0;
  const table = fields.map(([name, octets, ...reasons]) => {
    const field = { name, offset, octets, reasons };
    offset += octets;
    return field;
  });
  expect(offset, 'octets that the table has').to.equal(whole.length);
  return table;
}

/** All that differ from `whole` by one bit of the field, with the place of that bit. */
export function* flippedBits(whole: Buffer, { offset, octets }: Field): Generator<readonly [place: string, Buffer]> {
  for (let octet = offset; octet < offset + octets; octet++) {
    for (let bit = 0; bit < 8; bit++) {
      const flipped = Buffer.from(whole);
      flipped[octet] = (whole[octet] ?? 0) ^ (1 << bit);
      yield [`octet ${octet - offset}, bit ${bit}`, flipped];
    }
  }
}
