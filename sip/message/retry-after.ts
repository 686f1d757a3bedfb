import { isDigits } from './characters.ts';
import type { SipResponse } from './message.ts';

/** Digits enough for 31 years: whatever is longer means for ever. */
const MAXIMUM_DIGITS = 9;

/** The seconds of Retry-After (RFC 3261 20.33), its comment and parameters left aside; undefined without a number. */
export function retryAfterSeconds(response: SipResponse): number | undefined {
  const value = response.header('Retry-After');
  if (value === undefined) return undefined;
  let end = 0;
  while (end < value.length && isDigits(value.charAt(end))) end++;
  if (end === 0) return undefined;
  return end > MAXIMUM_DIGITS ? 10 ** MAXIMUM_DIGITS : Number(value.slice(0, end));
}
