/**
 * A 64-bit hash of a string of Latin-1 characters, as two unsigned 32-bit numbers in `out`. It spreads well and is fast; it
 * keeps no secret, though with an unpredictable seed nobody outside can choose two strings that meet.
 *
 * @param seed 32 bits
 * @param out takes the low and the high word at 0 and 1
 */
export function hashString(text: string, seed: number, out: Uint32Array): void {
  let low = seed ^ 0x9e3779b9;
  let high = seed ^ 0x7f4a7c15;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    low = Math.imul(low ^ code, 0x85ebca6b);
    high = Math.imul(high ^ code, 0xc2b2ae35);
  }
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35);
  high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35);
  out[0] = low;
  out[1] = high;
}

/**
 * Goes on with a 32-bit hash over one more string of Latin-1 characters, and its end; to be completed by {@link spreadHash}.
 *
 * @param factor odd; another one makes another hash of the same text
 */
export function extendHash(hash: number, text: string, factor = 0x85ebca6b): number {
  let value = hash;
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), factor);
  return Math.imul(value ^ 0x100, factor);
}

/** Lets every bit of a hash depend on all the others; the result is unsigned. */
export function spreadHash(hash: number): number {
  const value = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (value ^ (value >>> 13)) >>> 0;
}
