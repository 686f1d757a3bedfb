/** Type of number and numbering plan (SMPP 3.4 5.2.5, 5.2.6). */
export interface NumberKind {
  readonly ton: number;
  readonly npi: number;
}

/** An address as SMPP writes it. */
export interface SmppAddress extends NumberKind {
  /** At most 20 octets. */
  readonly address: string;
}

/** International, in E.164. */
export const INTERNATIONAL: NumberKind = { ton: 1, npi: 1 };

const LONGEST = 20;

/**
 * The address of a telephone number: digits, with or without a plus before them and visual separators between them (RFC 3966),
 * or a `tel:` URI of a global number. Undefined for what is none.
 */
export function msisdnAddress(number: string, kind: NumberKind = INTERNATIONAL): SmppAddress | undefined {
  const match = /^(?:tel:\+|\+)?([0-9][0-9().-]*)$/i.exec(number.split(';', 1)[0] ?? '');
  const address = match?.[1]?.replaceAll(/[().-]/g, '');
  return address === undefined || address.length > LONGEST ? undefined : { ...kind, address };
}
