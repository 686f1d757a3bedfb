import { timingSafeEqual } from 'node:crypto';

/** Compares two digests as text, in a time that does not tell how much of the given one is right. */
export function equalDigests(expected: string, given: string): boolean {
  const a = Buffer.from(expected, 'latin1');
  const b = Buffer.from(given, 'latin1');
  return a.length === b.length && timingSafeEqual(a, b);
}
