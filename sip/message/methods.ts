/** The methods that are registered, by their length. */
const METHODS = [
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
];

const BY_LENGTH = Array.from({ length: 10 }, (_, length) => METHODS.filter((method) => method.length === length));

/** The method that stands in a text; one that is known is always the same string, which is quick to compare and to look up. */
export function methodAt(text: string, start: number, end: number): string {
  for (const method of BY_LENGTH[end - start] ?? []) if (text.startsWith(method, start)) return method;
  return text.slice(start, end);
}
