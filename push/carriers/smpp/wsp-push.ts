/** A connectionless push of WAP-230-WSP 8.2.4.1, as far as a push to an agent needs it. */
export interface WspPush {
  /** 0 to 255; says which copies belong together. */
  readonly transactionId: number;
  /** A MIME type without parameters. */
  readonly contentType: string;
  /** X-Wap-Application-Id: a registered number, or a URI. */
  readonly applicationId?: number | string;
  readonly body: Buffer;
}

/** WAP-230-WSP 8.2.1, table 34. */
const PUSH = 0x06;

/** The well-known header 0x2F (X-Wap-Application-Id) as a short integer. */
const APPLICATION_ID = 0xaf;

/** A value of 0 to 30 octets has its length before it; 31 says that the length follows as a uintvar (WAP-230-WSP 8.4.1.2). */
const LENGTH_QUOTE = 31;

/** A text that begins with one of the upper half of octets has a quote before it (WAP-230-WSP 8.4.2.1). */
const TEXT_QUOTE = 0x7f;

/** A uintvar has at most 5 octets; 4 are more than any short message needs. */
const LONGEST_UINTVAR = 4;

const PRINTABLE = /^[\x21-\x7e][\x20-\x7e]*$/;

/** Content type and application are printable US-ASCII that does not begin with a space. */
export function isWspText(text: string): boolean {
  return PRINTABLE.test(text);
}

/** @param push its texts fit {@link isWspText} */
export function formatWspPush({ transactionId, contentType, applicationId, body }: WspPush): Buffer {
  const headers = [textString(contentType)];
  if (applicationId !== undefined) {
    headers.push(
      Buffer.of(APPLICATION_ID),
      typeof applicationId === 'number' ? integerValue(applicationId) : textString(applicationId),
    );
  }
  const block = Buffer.concat(headers);
  return Buffer.concat([Buffer.of(transactionId & 0xff, PUSH), uintvar(block.length), block, body]);
}

/** Undefined for what is no push, or has a content type as a short code: none of ours has one. */
export function parseWspPush(octets: Buffer): WspPush | undefined {
  if (octets.length < 3 || octets[1] !== PUSH) return undefined;
  const length = readUintvar(octets, 2);
  if (length === undefined || length.next + length.value > octets.length) return undefined;
  const end = length.next + length.value;
  const headers = octets.subarray(length.next, end);
  const type = readContentType(headers);
  if (type === undefined) return undefined;
  const applicationId = readApplicationId(headers, type.next);
  return {
    transactionId: octets.readUInt8(0),
    contentType: type.value,
    body: octets.subarray(end),
    ...(applicationId === undefined ? {} : { applicationId }),
  };
}

function textString(text: string): Buffer {
  return Buffer.from(`${text}\0`, 'latin1');
}

/** A short integer of 7 bits, or a long one: its length and its octets without leading zeros. */
function integerValue(value: number): Buffer {
  if (value < 0x80) return Buffer.of(0x80 | value);
  const digits = value.toString(16);
  const octets = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex');
  return Buffer.concat([Buffer.of(octets.length), octets]);
}

function uintvar(value: number): Buffer {
  const octets = [value & 0x7f];
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) octets.unshift(0x80 | (rest & 0x7f));
  return Buffer.from(octets);
}

interface Read<Value> {
  readonly value: Value;
  /** Where the next thing begins. */
  readonly next: number;
}

function readUintvar(octets: Buffer, offset: number): Read<number> | undefined {
  let value = 0;
  for (let index = offset; index < octets.length && index < offset + LONGEST_UINTVAR; index++) {
    const octet = octets.readUInt8(index);
    value = value * 128 + (octet & 0x7f);
    if (octet < 0x80) return { value, next: index + 1 };
  }
  return undefined;
}

function readText(octets: Buffer, offset: number): Read<string> | undefined {
  const end = octets.indexOf(0, offset);
  if (end < 0) return undefined;
  const start = octets[offset] === TEXT_QUOTE ? offset + 1 : offset;
  return { value: octets.toString('latin1', start, end), next: end + 1 };
}

/** The general form (WAP-230-WSP 8.4.2.24) has a length before the type and parameters after it, which nobody needs here. */
function readContentType(headers: Buffer): Read<string> | undefined {
  const first = headers[0];
  if (first === undefined) return undefined;
  if (first > LENGTH_QUOTE) return first < 0x80 ? accept(readText(headers, 0)) : undefined;
  const length = first < LENGTH_QUOTE ? { value: first, next: 1 } : readUintvar(headers, 1);
  if (length === undefined || length.next + length.value > headers.length) return undefined;
  const next = length.next + length.value;
  const type = headers[length.next] ?? 0;
  const text =
    type > LENGTH_QUOTE && type < 0x80 ? accept(readText(headers.subarray(0, next), length.next)) : undefined;
  return text === undefined ? undefined : { value: text.value, next };
}

function accept(text: Read<string> | undefined): Read<string> | undefined {
  return text !== undefined && isWspText(text.value) ? text : undefined;
}

/** Undefined where there is none, or it cannot be read; header fields that are not known are passed over. */
function readApplicationId(headers: Buffer, start: number): number | string | undefined {
  for (let offset = start; offset < headers.length;) {
    const name = headers.readUInt8(offset);
    // A name of an application's own is a text, and so is its value.
    const named: Read<unknown> | undefined =
      name < 0x80 ? readText(headers, offset) : { value: name, next: offset + 1 };
    const value = named === undefined ? undefined : readValue(headers, named.next);
    if (value === undefined) return undefined;
    if (name === APPLICATION_ID) {
      return typeof value.value === 'string' && !isWspText(value.value) ? undefined : value.value;
    }
    offset = value.next;
  }
  return undefined;
}

/** The value of a header field (WAP-230-WSP 8.4.1.2): a long integer in up to 6 octets, other octets, a text, a short integer. */
function readValue(headers: Buffer, offset: number): Read<number | string | undefined> | undefined {
  const first = headers[offset];
  if (first === undefined) return undefined;
  if (first >= 0x80) return { value: first & 0x7f, next: offset + 1 };
  if (first > LENGTH_QUOTE) return readText(headers, offset);
  if (first === 0) return { value: '', next: offset + 1 };
  const length = first < LENGTH_QUOTE ? { value: first, next: offset + 1 } : readUintvar(headers, offset + 1);
  if (length === undefined || length.next + length.value > headers.length) return undefined;
  const next = length.next + length.value;
  // A length that follows may be 0 as well, and then there is no integer.
  const isInteger = length.value >= 1 && length.value <= 6;
  return { value: isInteger ? headers.readUIntBE(length.next, length.value) : undefined, next };
}
