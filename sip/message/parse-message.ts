import { isToken, isWhitespace, parseDecimal, trimWhitespace } from './characters.ts';
import { checkAddresses } from './check-addresses.ts';
import { Field } from './field.ts';
import { ALIAS, canonicalNameAt, headerName, type HeaderName } from './header-names.ts';
import { SipRequest, SipResponse } from './message.ts';
import { methodAt } from './methods.ts';
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
  if ((datagram[0] ?? 0) > CR) return false;
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
  while (datagram[start] === CR && datagram[start + 1] === LF) start += 2;
  const line = new LineScan(datagram);
  if (!line.read(start) || line.failure !== undefined) return { ok: false, failure: 'malformed-start-line' };
  const startLine = parseStartLine(text, start, line.end);
  if (startLine === undefined) return { ok: false, failure: 'malformed-start-line' };

  const section = readFields(datagram, text, line, line.end + 2, limits);
  const { fields, singletons, bodyStart } = section;
  const { message } = startLine;
  const failure = startLine.failure ?? section.failure ?? checkFields(message, section);
  if (failure !== undefined) return refusal(failure, message, fields);

  let bodyEnd = text.length;
  if ((singletons & CONTENT_LENGTH_BIT) !== 0) {
    const length = parseDecimal(section.contentLength, 0x7fff_ffff);
    if (length === undefined) return refusal('malformed-content-length', message, fields);
    if (length > bodyEnd - bodyStart) return refusal('content-length-mismatch', message, fields);
    bodyEnd = bodyStart + length;
  }
  message.adopt(fields, text, bodyStart, bodyEnd);
  const typed = checkTyped(message);
  return typed === undefined ? { ok: true, message } : refusal(typed, message, fields);
}

const CR = 0x0d;
const LF = 0x0a;
const COLON = 0x3a;

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

/** The start line from `start` to `end`, in which no control character stands. */
function parseStartLine(text: string, start: number, end: number): StartLine | undefined {
  const first = text.indexOf(' ', start);
  if (first <= start || first >= end) return undefined;
  if (text.startsWith('SIP/', start)) {
    // `SIP/2.0 200 OK`: the phrase may be empty, but the space before it stands (RFC 3261 7.2).
    if (first !== start + VERSION.length || !text.startsWith(VERSION, start)) return undefined;
    const status = parseDecimal(text.slice(first + 1, Math.min(first + 4, end)), 699);
    if (status === undefined || status < 100 || (end > first + 4 && text.charCodeAt(first + 4) !== 0x20)) {
      return undefined;
    }
    return { message: new SipResponse(status, text.slice(Math.min(first + 5, end), end), true), failure: undefined };
  }
  const method = methodAt(text, start, first);
  const second = text.indexOf(' ', first + 1);
  if (second > first + 1 && second + 1 + VERSION.length === end && text.startsWith(VERSION, second + 1)) {
    const uri = text.slice(first + 1, second);
    if (isToken(method) && !uri.includes('\t'))
      return { message: new SipRequest(method, uri, true), failure: undefined };
  }
  return parseOddStartLine(method, text.slice(start, end));
}

const VERSION = 'SIP/2.0';

/** A request line that is not quite as it should be. */
function parseOddStartLine(method: string, line: string): StartLine | undefined {
  const first = line.indexOf(' ');
  const second = line.indexOf(' ', first + 1);
  const uri = line.slice(first + 1, second);
  const version = line.slice(second + 1);
  if (second < 0 || !isToken(method) || uri === '' || version.includes(' ') || uri.includes('\t')) {
    return unreadableRequest(method, line);
  }
  if (!version.toUpperCase().startsWith('SIP/')) return undefined;
  const supported = version.toUpperCase() === VERSION;
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

/** The header of a message. */
interface Section {
  readonly fields: Field[];
  readonly singletons: number;
  readonly hasVia: boolean;
  /** The value of Content-Length; empty where there is none. */
  readonly contentLength: string;
  readonly bodyStart: number;
  /** The first thing that was wrong; reading went on so that the request can be answered. */
  readonly failure: ParseFailure | undefined;
}

function readFields(octets: Buffer, text: string, line: LineScan, start: number, limits: MessageLimits): Section {
  const fields: Field[] = [];
  let singletons = 0;
  let hasVia = false;
  let contentLength = '';
  let failure: ParseFailure | undefined;
  let bodyStart = text.length;
  for (let position = start; ; position = line.end + 2) {
    if (!line.read(position)) {
      failure ??= 'truncated';
      break;
    }
    const { colon, end } = line;
    if (end === position) {
      bodyStart = end + 2;
      break;
    }
    if (line.failure !== undefined && !hasOnlyQuotedControls(text.slice(position, end))) failure ??= line.failure;
    else if (isWhitespace(text.charCodeAt(position))) {
      // A folded line (RFC 3261 7.3.1) goes on with the value above; white space before the first field is none, and a line
      // of nothing else is the end of the header to some.
      const more = trimmed(text, position, end);
      const last = fields.at(-1);
      if (last === undefined || more === '') failure ??= 'malformed-header-line';
      else {
        const unfolded = Field.of(last.name, last.value === '' ? more : `${last.value} ${more}`);
        fields[fields.length - 1] = unfolded;
        if (last.name === CONTENT_LENGTH) contentLength = unfolded.value;
      }
    } else {
      const nameEnd = colon < 0 ? position : trimEnd(text, position, colon);
      const asItGoesOut = canonicalNameAt(text, position, nameEnd);
      const known = asItGoesOut ?? otherName(text.slice(position, nameEnd));
      if (known === undefined) failure ??= 'malformed-header-name';
      else if (fields.length >= limits.maximumHeaders) {
        failure ??= 'too-many-headers';
        break;
      } else if ((singletons & known.singletonBit) !== 0) failure ??= 'duplicate-header';
      else {
        singletons |= known.singletonBit;
        const { canonical } = known;
        const spelt = asItGoesOut !== undefined || text.startsWith(canonical, position);
        const field =
          spelt && isPlainLine(text, position + canonical.length, colon, end)
            ? Field.inText(
                canonical,
                text,
                position,
                end + 2,
                known.isRead ? copied(octets, colon + 2, end) : undefined,
              )
            : Field.of(canonical, trimmed(text, colon + 1, end));
        fields.push(field);
        if (canonical === 'Via') hasVia = true;
        else if (canonical === CONTENT_LENGTH) contentLength = field.value;
      }
    }
  }
  return { fields, singletons, hasVia, contentLength, bodyStart, failure };
}

const CONTENT_LENGTH = 'Content-Length';

/**
 * A part of the text by itself. V8 makes a long slice of a string a reference to it, each character of which takes three times
 * as long to read.
 */
function copied(octets: Buffer, start: number, end: number): string {
  return octets.toString('latin1', start, end);
}

/** True for a line that reads as it would be written: a colon behind the name, one space, and a value without space round it. */
function isPlainLine(text: string, nameEnd: number, colon: number, end: number): boolean {
  return (
    colon === nameEnd &&
    end > colon + 2 &&
    text.charCodeAt(colon + 1) === 0x20 &&
    !isWhitespace(text.charCodeAt(colon + 2)) &&
    !isWhitespace(text.charCodeAt(end - 1))
  );
}

/** A name that is not spelt as it goes out, or not known; undefined for what is none, or what others would take for another. */
function otherName(name: string): HeaderName | undefined {
  if (!isToken(name)) return undefined;
  const entry = headerName(name);
  return entry === ALIAS ? undefined : entry;
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

/** Reads line after line, and keeps of each what was found on the way: octets are looked at once. */
class LineScan {
  /** Where the line break begins. */
  end = 0;
  /** The first colon of the line, or -1. */
  colon = -1;
  /** Control characters other than tab have no place in a header; a CR or LF among them is one without the other. */
  failure: 'bare-line-break' | 'control-character' | undefined;
  readonly #octets: Buffer;

  constructor(octets: Buffer) {
    this.#octets = octets;
  }

  /** Reads the line that begins at `start`; false when it does not end. */
  read(start: number): boolean {
    const octets = this.#octets;
    const { length } = octets;
    let colon = -1;
    this.failure = undefined;
    for (let index = start; index < length; index++) {
      const octet = octets[index] ?? 0;
      if (octet >= 0x20 && octet !== 0x7f) {
        if (octet === COLON && colon < 0) colon = index;
      } else if (octet === CR && octets[index + 1] === LF) {
        this.end = index;
        this.colon = colon;
        return true;
      } else if (octet !== 0x09) {
        this.failure ??= octet === CR || octet === LF ? 'bare-line-break' : 'control-character';
      }
    }
    return false;
  }
}

function checkFields(message: SipRequest | SipResponse, { hasVia, singletons }: Section): ParseFailure | undefined {
  if ((singletons & REQUIRED_BITS) !== REQUIRED_BITS || !hasVia) return 'missing-header';
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
  const fields = message.headers('Via');
  // The top one has been read.
  return fields.every((field, index) => (index === 0 && !field.includes(',')) || areViasOf(field));
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
function refusal(failure: ParseFailure, message: SipRequest | SipResponse, fields: Field[]): ParseResult {
  if (!(message instanceof SipRequest)) return { ok: false, failure };
  message.adopt(fields, '', 0, 0);
  return message.has('Via') ? { ok: false, failure, request: message } : { ok: false, failure };
}
