/** The methods that are registered (RFC 3261 and its extensions). */
export const SIP_METHODS = [
  'INVITE',
  'ACK',
  'BYE',
  'CANCEL',
  'REGISTER',
  'OPTIONS',
  'SUBSCRIBE',
  'NOTIFY',
  'MESSAGE',
  'PUBLISH',
  'REFER',
  'INFO',
  'UPDATE',
  'PRACK',
] as const;

const BY_LENGTH: readonly (readonly string[])[] = Array.from({ length: 10 }, (_, length) =>
  SIP_METHODS.filter((method) => method.length === length),
);

const NONE: readonly string[] = [];

/** The method that stands in a text; one that is known is always the same string, which is quick to compare and to look up. */
export function methodAt(text: string, start: number, end: number): string {
  const methods = end - start < BY_LENGTH.length ? (BY_LENGTH[end - start] ?? NONE) : NONE;
  for (const method of methods) if (text.startsWith(method, start)) return method;
  return text.slice(start, end);
}
