const OCTETS = Array.from({ length: 256 }, (_, octet) => octet.toString(16).padStart(2, '0'));

/** The eight hexadecimal digits of a 32-bit number, signed or not; Number's own toString divides its way through. */
export function hexDigits(value: number): string {
  return octet(value >>> 24) + octet(value >>> 16) + octet(value >>> 8) + octet(value);
}

function octet(value: number): string {
  return OCTETS[value & 0xff] ?? '';
}
