/**
 * A time of SMPP, absolute and in UTC (SMPP 3.4 7.1.1): `YYMMDDhhmmsstnnp`. Rounded down to tenths of a second, so that an SMSC
 * never tries longer than it is to.
 * @param time milliseconds since 1970-01-01T00:00:00Z
 */
export function formatAbsoluteTime(time: number): string {
  const text = new Date(time).toISOString();
  const [year, month, day] = [text.slice(2, 4), text.slice(5, 7), text.slice(8, 10)];
  return `${year}${month}${day}${text.slice(11, 13)}${text.slice(14, 16)}${text.slice(17, 19)}${text.slice(20, 21)}00+`;
}
