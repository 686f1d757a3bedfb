/** A SIP message as RFC 3261 7 lays it out, and nothing decoded. */
export interface PlainMessage {
  readonly startLine: string;
  /** Every field in its order: long name in lower case, value unfolded with single spaces. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/**
 * Reads a well-formed message by the letter of RFC 3261 and shares no code with osgate, so that tests can hold what goes out
 * against what came in without trusting the parser that they test.
 */
export function plainRead(octets: Buffer): PlainMessage {
  const text = octets.toString('latin1');
  const headEnd = text.indexOf('\r\n\r\n');
  const [startLine = '', ...lines] = text
    .slice(0, headEnd)
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n');
  const fields = lines.map((line) => {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).replace(/[ \t]+/g, ' ');
    return [LONG_FORMS.get(name) ?? name, value.trim()] as const;
  });
  const rest = text.slice(headEnd + 4);
  const length = fields.find(([name]) => name === 'content-length')?.[1];
  return { startLine, fields, body: length === undefined ? rest : rest.slice(0, Number(length)) };
}

/** The values of a field that may stand more than once, split at commas outside quotes and angle brackets. */
export function plainValues(message: PlainMessage, name: string): string[] {
  return message.fields
    .filter(([field]) => field === name)
    .flatMap(([, value]) => value.match(/(?:"(?:\\[^]|[^"\\])*"|<[^>]*>|[^,"<])+/g) ?? [])
    .map((value) => value.trim());
}

/** RFC 3261 7.3.3 and 20, and the packages that registered a letter since. */
const LONG_FORMS: ReadonlyMap<string, string> = new Map([
  ['a', 'accept-contact'],
  ['b', 'referred-by'],
  ['c', 'content-type'],
  ['d', 'request-disposition'],
  ['e', 'content-encoding'],
  ['f', 'from'],
  ['i', 'call-id'],
  ['j', 'reject-contact'],
  ['k', 'supported'],
  ['l', 'content-length'],
  ['m', 'contact'],
  ['o', 'event'],
  ['r', 'refer-to'],
  ['s', 'subject'],
  ['t', 'to'],
  ['u', 'allow-events'],
  ['v', 'via'],
  ['x', 'session-expires'],
]);
