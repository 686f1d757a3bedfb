import { isToken, isWhitespace, parseDecimal, trimWhitespace } from './characters.ts';
import { checkAddresses } from './check-addresses.ts';
import { ALIAS, canonicalNameAt, headerName, type HeaderName } from './header-names.ts';
import { SipRequest, SipResponse } from './message.ts';
import { nextComma } from './parameters.ts';
import { hasOnlyQuotedControls } from './quoted-controls.ts';
import { parseVia } from './via.ts';

/** Bounds on one message; beyond them it is refused. */
export interface MessageLimits {
  /** Octets, start line to body. */
  readonly maximumMessageBytes: number;
  readonly maximumHeaders: number;
}

export const DEFAULT_MESSAGE_LIMITS: MessageLimits = { maximumMessageBytes: 65_535, maximumHeaders: 256 };

/** What is wrong with a message, for counters and logs. */
export type ParseFailure =
  | 'message-too-large'
  | 'malformed-start-line'
  | 'unsupported-version'
  | 'malformed-header-name'
  | 'malformed-header-line'
  | 'bare-line-break'
  | 'control-character'
  | 'too-many-headers'
  | 'duplicate-header'
  | 'missing-header'
  | 'truncated'
  | 'malformed-via'
  | 'malformed-from-or-to'
  | 'malformed-contact'
  | 'malformed-call-id'
  | 'malformed-cseq'
  | 'cseq-method-mismatch'
  | 'malformed-max-forwards'
  | 'malformed-content-length'
  | 'content-length-mismatch';

export type ParseResult =
  | { readonly ok: true; readonly message: SipRequest | SipResponse }
  /** `request` is there when the message is a request with a Via, well-formed or not, so that it can be answered. */
  | { readonly ok: false; readonly failure: ParseFailure; readonly request?: SipRequest };

/** True for what keeps a NAT binding open and is no message: nothing, line breaks only, or four zero octets. */
export function isKeepAlive(datagram: Uint8Array): boolean {
  if (datagram.length === 4 && datagram.every((octet) => octet === 0)) return true;
  return datagram.every((octet) => octet === 0x0d || octet === 0x0a);
}

/**
 * Reads one message from one datagram (RFC 3261 7, 18.3). Refuses whatever two readers could read in two ways: stray
 * octets in header names, bare CR or LF, a second field of a header that may stand once, a Content-Length that says
 * more than came. Octets behind the body are cut off.
 */
export function parseMessage(datagram: Buffer, limits: MessageLimits = DEFAULT_MESSAGE_LIMITS): ParseResult {
  if (datagram.length > limits.maximumMessageBytes) return { ok: false, failure: 'message-too-large' };
  const text = datagram.toString('latin1');
  let start = 0;
  while (text.charCodeAt(start) === 0x0d && text.charCodeAt(start + 1) === 0x0a) start += 2;
  const lineEnd = text.indexOf('\r\n', start);
  if (lineEnd < 0) return { ok: false, failure: 'malformed-start-line' };
  const startLine = parseStartLine(text.slice(start, lineEnd));
  if (startLine === undefined) return { ok: false, failure: 'malformed-start-line' };

  const fields = readFields(text, lineEnd + 2, limits);
  const { names, values, singletons } = fields;
  const { message } = startLine;
  const failure = startLine.failure ?? fields.failure ?? checkFields(message, fields);
  if (failure !== undefined) return refusal(failure, message, names, values);

  let body = text.slice(fields.bodyStart);
  if ((singletons & CONTENT_LENGTH_BIT) !== 0) {
    const length = parseDecimal(values[names.indexOf('Content-Length')] ?? '', 0x7fff_ffff);
    if (length === undefined) return refusal('malformed-content-length', message, names, values);
    if (length > body.length) return refusal('content-length-mismatch', message, names, values);
    body = length === body.length ? body : body.slice(0, length);
  }
  message.adopt(names, values, body);
  const typed = checkTyped(message);
  return typed === undefined ? { ok: true, message } : refusal(typed, message, names, values);
}

const CONTENT_LENGTH_BIT = headerName('Content-Length').singletonBit;

/** What must stand in every message (RFC 3261 8.1.1); Via, which may stand many times, is looked for by itself. */
const REQUIRED_BITS =
  headerName('Call-ID').singletonBit |
  headerName('CSeq').singletonBit |
  headerName('From').singletonBit |
  headerName('To').singletonBit;

interface StartLine {
  readonly message: SipRequest | SipResponse;
  readonly failure: ParseFailure | undefined;
}

function parseStartLine(line: string): StartLine | undefined {
  if (hasControlCharacter(line)) return undefined;
  const first = line.indexOf(' ');
  if (first <= 0) return undefined;
  if (line.startsWith('SIP/')) {
    // `SIP/2.0 200 OK`: the phrase may be empty, but the space before it stands (RFC 3261 7.2).
    if (line.slice(0, first) !== 'SIP/2.0') return undefined;
    const status = parseDecimal(line.slice(first + 1, first + 4), 699);
    if (status === undefined || status < 100 || (line.length > first + 4 && line.charCodeAt(first + 4) !== 0x20)) {
      return undefined;
    }
    return { message: new SipResponse(status, line.slice(first + 5)), failure: undefined };
  }
  const second = line.indexOf(' ', first + 1);
  const method = line.slice(0, first);
  const uri = line.slice(first + 1, second);
  const version = line.slice(second + 1);
  if (second < 0 || !isToken(method) || uri === '' || version.includes(' ') || uri.includes('\t')) {
    return unreadableRequest(method, line);
  }
  if (version === 'SIP/2.0') return { message: new SipRequest(method, uri, true), failure: undefined };
  if (!version.toUpperCase().startsWith('SIP/')) return undefined;
  const supported = version.toUpperCase() === 'SIP/2.0';
  return { message: new SipRequest(method, uri), failure: supported ? undefined : 'unsupported-version' };
}

/**
 * A start line with white space where none may stand (RFC 4475 3.1.2.8 to 3.1.2.10): where the Request-URI begins and ends
 * nobody can tell for sure, but that it is a request is plain, and so it can be answered.
 */
function unreadableRequest(method: string, line: string): StartLine | undefined {
  if (!isToken(method) || !trimWhitespace(line).endsWith(' SIP/2.0')) return undefined;
  return { message: new SipRequest(method, 'sip:malformed.invalid'), failure: 'malformed-start-line' };
}

interface Fields {
  readonly names: string[];
  readonly values: string[];
  readonly singletons: number;
  readonly bodyStart: number;
  /** The first thing that was wrong; reading went on so that the request can be answered. */
  readonly failure: ParseFailure | undefined;
}

function readFields(text: string, start: number, limits: MessageLimits): Fields {
  const names: string[] = [];
  const values: string[] = [];
  let singletons = 0;
  let failure: ParseFailure | undefined;
  let position = start;
  // The next colon, looked for once: a message with none must not be searched to its end again for each of its lines.
  let colon = -1;
  for (;;) {
    const end = text.indexOf('\r\n', position);
    if (end < 0) return { names, values, singletons, bodyStart: text.length, failure: failure ?? 'truncated' };
    if (end === position) return { names, values, singletons, bodyStart: end + 2, failure };
    const unprintable = lineFailure(text, position, end);
    if (unprintable !== undefined && !hasOnlyQuotedControls(text.slice(position, end))) failure ??= unprintable;
    else if (isWhitespace(text.charCodeAt(position))) {
      // A folded line (RFC 3261 7.3.1) goes on with the value above; white space before the first field is none, and a line
      // of nothing else is the end of the header to some.
      const last = values.length - 1;
      const more = trimmed(text, position, end);
      if (last < 0 || more === '') failure ??= 'malformed-header-line';
      else values[last] = values[last] === '' ? more : `${values[last] ?? ''} ${more}`;
    } else {
      if (colon < position) colon = indexOrEnd(text, ':', position);
      const nameEnd = colon > end ? position : trimEnd(text, position, colon);
      const known = canonicalNameAt(text, position, nameEnd) ?? otherName(text.slice(position, nameEnd));
      if (known === undefined) failure ??= 'malformed-header-name';
      else if (names.length >= limits.maximumHeaders) {
        return { names, values, singletons, bodyStart: text.length, failure: failure ?? 'too-many-headers' };
      } else {
        const { canonical, singletonBit } = known;
        if ((singletons & singletonBit) !== 0) failure ??= 'duplicate-header';
        else {
          singletons |= singletonBit;
          names.push(canonical);
          values.push(trimmed(text, colon + 1, end));
        }
      }
    }
    position = end + 2;
  }
}

/** A name that is not spelt as it goes out, or not known; undefined for what is none, or what others would take for another. */
function otherName(name: string): HeaderName | undefined {
  if (!isToken(name)) return undefined;
  const entry = headerName(name);
  return entry === ALIAS ? undefined : entry;
}

function indexOrEnd(text: string, what: string, start: number): number {
  const index = text.indexOf(what, start);
  return index < 0 ? text.length : index;
}

/** Spaces and tabs before the colon are legal (HCOLON); they do not go out again. */
function trimEnd(text: string, start: number, end: number): number {
  let last = end;
  while (last > start && isWhitespace(text.charCodeAt(last - 1))) last--;
  return last;
}

function trimmed(text: string, start: number, end: number): string {
  let first = start;
  while (first < end && isWhitespace(text.charCodeAt(first))) first++;
  return text.slice(first, trimEnd(text, first, end));
}

/** Control characters other than tab have no place in a header; a CR or LF among them is one without the other. */
function lineFailure(text: string, start: number, end: number): ParseFailure | undefined {
  for (let index = start; index < end; index++) {
    const code = text.charCodeAt(index);
    if (code >= 0x20 ? code === 0x7f : code !== 0x09) {
      return code === 0x0d || code === 0x0a ? 'bare-line-break' : 'control-character';
    }
  }
  return undefined;
}

function hasControlCharacter(line: string): boolean {
  return lineFailure(line, 0, line.length) !== undefined;
}

function checkFields(message: SipRequest | SipResponse, { names, singletons }: Fields): ParseFailure | undefined {
  if ((singletons & REQUIRED_BITS) !== REQUIRED_BITS || !names.includes('Via')) return 'missing-header';
  // A body that nothing measures is where a datagram ends, but a message without start is none.
  return message instanceof SipRequest && message.uri === '*' && message.method !== 'OPTIONS'
    ? 'malformed-start-line'
    : undefined;
}

function checkTyped(message: SipRequest | SipResponse): ParseFailure | undefined {
  const malformed = message.malformedField();
  if (malformed !== undefined) return malformed;
  // A branch that is nothing but the cookie names no transaction (RFC 4475 3.2.1).
  if (message.topVia?.branch === 'z9hG4bK' || !areVias(message)) return 'malformed-via';
  if (message instanceof SipRequest && message.cseq.method !== message.method) return 'cseq-method-mismatch';
  if (!isCallId(message.callId)) return 'malformed-call-id';
  if (message.has('Max-Forwards') && message.maxForwards === undefined) return 'malformed-max-forwards';
  return checkAddresses(message);
}

/** The Via of others is forwarded as it is, but a reader that stumbles over one may read nothing that stands behind it. */
function areVias(message: SipRequest | SipResponse): boolean {
  const names = message.headerNames();
  // Most messages have but one, which has been read.
  if (names.indexOf('Via') === names.lastIndexOf('Via') && message.header('Via')?.includes(',') === false) return true;
  return message.headers('Via').every(areViasOf);
}

function areViasOf(field: string): boolean {
  for (let start = 0; start <= field.length;) {
    const end = nextComma(field, start);
    const value = field.slice(start, end);
    if (parseVia(trimWhitespace(value)) === undefined) return false;
    // `;rport ,` is one of what Kamailio stumbles over.
    const spaced = end < field.length && isWhitespace(value.charCodeAt(value.length - 1));
    if (spaced && value.lastIndexOf(';') > value.lastIndexOf('=')) return false;
    start = end + 1;
  }
  return true;
}

/** Something, in one word of ASCII: a reader that ends it at a space, of whatever kind, takes two calls for one. */
function isCallId(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code <= 0x20 || code >= 0x7f) return false;
  }
  return text !== '';
}

/** Adds the request when it has a Via, which an answer cannot do without; what else it lacks, the answer lacks (RFC 4475 3.3.1). */
function refusal(
  failure: ParseFailure,
  message: SipRequest | SipResponse,
  names: string[],
  values: string[],
): ParseResult {
  if (!(message instanceof SipRequest)) return { ok: false, failure };
  message.adopt(names, values, '');
  return message.has('Via') ? { ok: false, failure, request: message } : { ok: false, failure };
}
