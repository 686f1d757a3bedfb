/** Milliseconds since 1970-01-01T00:00:00Z, on a clock that is never set back: an expired nonce stays expired. */
export function monotonicNow(): number {
  return performance.timeOrigin + performance.now();
}
