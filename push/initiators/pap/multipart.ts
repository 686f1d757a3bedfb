/** One body part of a multipart body (RFC 2046 5.1). */
export interface BodyPart {
  /** Names in lower case; of a field that stands twice, the first one. */
  readonly fields: ReadonlyMap<string, string>;
  readonly content: Buffer;
}

export interface MultipartBounds {
  readonly maximumParts: number;
  readonly maximumFieldOctets: number;
}

const CRLF = Buffer.from('\r\n');
const END_OF_FIELDS = Buffer.from('\r\n\r\n');

/** The `boundary` of a Content-Type; undefined where there is none that RFC 2046 lets be one. */
export function boundaryOf(contentType: string): string | undefined {
  const [, quoted, bare] =
    /;\s*boundary=(?:"([^"]{1,70})"|([!#$%&'*+.^_`|~0-9A-Za-z-]{1,70}))\s*(?:;|$)/i.exec(contentType) ?? [];
  const boundary = quoted ?? bare;
  return boundary !== undefined && /^[0-9A-Za-z'()+_,./:=? -]*[0-9A-Za-z'()+_,./:=?-]$/.test(boundary)
    ? boundary
    : undefined;
}

/** The parts of a multipart body, without copying them; undefined for what is none. Lines end in CRLF. */
export function parseMultipart(body: Buffer, boundary: string, bounds: MultipartBounds): BodyPart[] | undefined {
  const delimiter = Buffer.from(`--${boundary}`, 'latin1');
  const parts: BodyPart[] = [];
  let at = firstDelimiter(body, delimiter);
  for (;;) {
    if (at === undefined) return undefined;
    const afterDelimiter = at + delimiter.length;
    if (body.toString('latin1', afterDelimiter, afterDelimiter + 2) === '--')
      return parts.length > 0 ? parts : undefined;
    const start = endOfDelimiterLine(body, afterDelimiter);
    if (start === undefined || parts.length === bounds.maximumParts) return undefined;
    const next = nextDelimiter(body, delimiter, start);
    if (next === undefined) return undefined;
    const part = parsePart(body.subarray(start, next.contentEnd), bounds.maximumFieldOctets);
    if (part === undefined) return undefined;
    parts.push(part);
    at = next.delimiterStart;
  }
}

/** At the start of the body, or after a preamble. */
function firstDelimiter(body: Buffer, delimiter: Buffer): number | undefined {
  if (body.indexOf(delimiter) === 0) return 0;
  return nextDelimiter(body, delimiter, 0)?.delimiterStart;
}

/** A delimiter stands at the start of a line, and its line has nothing else but the end mark or blanks. */
function nextDelimiter(
  body: Buffer,
  delimiter: Buffer,
  from: number,
): { contentEnd: number; delimiterStart: number } | undefined {
  // A part may be without content: its delimiter then follows at once.
  if (body.indexOf(delimiter, from) === from && endsLine(body, from + delimiter.length)) {
    return { contentEnd: from, delimiterStart: from };
  }
  const line = Buffer.concat([CRLF, delimiter]);
  for (let at = body.indexOf(line, from); at >= 0; at = body.indexOf(line, at + 1)) {
    if (endsLine(body, at + line.length)) return { contentEnd: at, delimiterStart: at + CRLF.length };
  }
  return undefined;
}

function endsLine(body: Buffer, offset: number): boolean {
  return body.toString('latin1', offset, offset + 2) === '--' || endOfDelimiterLine(body, offset) !== undefined;
}

/** Where the line after a delimiter begins; blanks may follow the delimiter. */
function endOfDelimiterLine(body: Buffer, offset: number): number | undefined {
  let end = offset;
  while (body[end] === 0x20 || body[end] === 0x09) end++;
  return body[end] === 0x0d && body[end + 1] === 0x0a ? end + 2 : undefined;
}

function parsePart(part: Buffer, maximumFieldOctets: number): BodyPart | undefined {
  // Without fields the empty line comes first.
  if (part.indexOf(CRLF) === 0) return { fields: new Map(), content: part.subarray(CRLF.length) };
  const end = part.indexOf(END_OF_FIELDS);
  if (end < 0 || end > maximumFieldOctets) return undefined;
  const fields = new Map<string, string>();
  for (const line of part
    .toString('latin1', 0, end)
    .replaceAll(/\r\n[ \t]+/g, ' ')
    .split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon < 1 || !/^[!-9;-~]+$/.test(line.slice(0, colon))) return undefined;
    const name = line.slice(0, colon).toLowerCase();
    if (!fields.has(name)) fields.set(name, line.slice(colon + 1).trim());
  }
  return { fields, content: part.subarray(end + END_OF_FIELDS.length) };
}
