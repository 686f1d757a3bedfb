import { SipError } from '../errors.ts';
import { hexDigits } from '../hex-digits.ts';
import { isToken, parseDecimal, trimWhitespace } from './characters.ts';
import { Field, type HeaderField } from './field.ts';
import { methodAt } from './methods.ts';
import { parseNameAddress, tagOf, type NameAddress } from './name-address.ts';
import { nextComma, splitValues } from './parameters.ts';
import { reasonPhrase } from './reason-phrases.ts';
import { NO_PARAMETERS } from './parameters.ts';
import { parseUri, type Uri } from './uri.ts';
import { formatVia, parseVia, type Via } from './via.ts';

export interface CSeq {
  readonly sequence: number;
  readonly method: string;
}

/**
 * A SIP message: start line, header fields in their order, body. Text is Latin-1, one character an octet, so that a body
 * or a display name of any character set survives. Header names are always given in canonical spelling (`Call-ID`).
 */
export abstract class SipMessage {
  protected fields: Field[] = [];
  /** The text that the body is the end of. */
  #bodySource = '';
  #bodyStart = 0;
  #bodyEnd = 0;

  protected abstract startLine(): string;

  /** The body, one character an octet. */
  get body(): string {
    return this.#bodySource.slice(this.#bodyStart, this.#bodyEnd);
  }

  set body(body: string) {
    this.#bodySource = body;
    this.#bodyStart = 0;
    this.#bodyEnd = body.length;
  }

  /** The value of the first field of that name. */
  header(name: string): string | undefined {
    return this.field(name)?.value;
  }

  /** The values of all fields of that name, as they stand. */
  headers(name: string): string[] {
    const found: string[] = [];
    const { fields } = this;
    for (let index = 0; index < fields.length; index++) {
      const field = fields[index];
      if (field?.name === name) found.push(field.value);
    }
    return found;
  }

  /** The values of all fields of that name, split at their commas, top first. */
  values(name: string): string[] {
    const fields = this.headers(name);
    return fields.some((field) => field.includes(',')) ? fields.flatMap(splitValues) : fields;
  }

  has(name: string): boolean {
    return this.#indexOf(name) >= 0;
  }

  /** Replaces all fields of that name by one, in the first one's place, or appends it. */
  set(name: string, value: string): void {
    checkValue(name, value);
    const index = this.#indexOf(name);
    const field = Field.of(name, value);
    if (index < 0) this.fields.push(field);
    else {
      this.fields[index] = field;
      this.#removeFrom(name, index + 1);
    }
  }

  /** Adds a field behind the last one of that name, or at the end. */
  append(name: string, value: string): void {
    checkValue(name, value);
    const { fields } = this;
    let last = fields.length - 1;
    while (last >= 0 && fields[last]?.name !== name) last--;
    if (last < 0) fields.push(Field.of(name, value));
    else fields.splice(last + 1, 0, Field.of(name, value));
  }

  /**
   * Adds a field before the first one of that name, or at the top of the message.
   *
   * @param isChecked true where the value is known to be what a field can hold
   */
  prepend(name: string, value: string, isChecked = false): void {
    if (!isChecked) checkValue(name, value);
    const at = Math.max(this.#indexOf(name), 0);
    if (at === 0) this.fields.unshift(Field.of(name, value));
    else this.fields.splice(at, 0, Field.of(name, value));
  }

  /** Removes all fields of that name and tells how many there were. */
  remove(name: string): number {
    return this.#removeFrom(name, 0);
  }

  /** The top value of a comma-separated header, without a look at the others. */
  firstValue(name: string): string | undefined {
    const field = this.header(name);
    return field === undefined ? undefined : topOf(field);
  }

  /** Removes and returns the top value of a comma-separated header. */
  removeFirstValue(name: string): string | undefined {
    const index = this.#indexOf(name);
    const value = index < 0 ? undefined : this.fields[index]?.value;
    if (value === undefined) return undefined;
    const end = nextComma(value, 0);
    if (end < value.length) this.fields[index] = Field.of(name, trimWhitespace(value.slice(end + 1)));
    else if (index === 0) this.fields.shift();
    else this.fields.splice(index, 1);
    return trimWhitespace(value.slice(0, end));
  }

  /** Replaces the top value of a comma-separated header, or appends one where there is none. */
  replaceFirstValue(name: string, value: string): void {
    checkValue(name, value);
    const index = this.#indexOf(name);
    const before = index < 0 ? undefined : this.fields[index]?.value;
    if (before === undefined) this.append(name, value);
    else this.fields[index] = Field.of(name, value + before.slice(nextComma(before, 0)));
  }

  /** Puts another value in the place of the top Via, which there is. */
  replaceTopVia(via: Via): void {
    const index = this.#indexOf('Via');
    const before = this.fields[index]?.value ?? '';
    const value = formatVia(via) + before.slice(nextComma(before, 0));
    this.fields[index] = Field.decoded('Via', value, via);
  }

  /** True when there is a field of one of those names. */
  hasAny(names: ReadonlySet<string>): boolean {
    const { fields } = this;
    for (let index = 0; index < fields.length; index++) if (names.has(fields[index]?.name ?? '')) return true;
    return false;
  }

  /** True when the names of all fields are among those. */
  hasOnly(names: ReadonlySet<string>): boolean {
    const { fields } = this;
    for (let index = 0; index < fields.length; index++) if (!names.has(fields[index]?.name ?? '')) return false;
    return true;
  }

  /** The name of each field, in their order; one that stands twice is there twice. */
  headerNames(): readonly string[] {
    return this.fields.map(({ name }) => name);
  }

  headerFields(): readonly HeaderField[] {
    return this.fields.map(({ name, value }) => ({ name, value }));
  }

  bodyBytes(): Buffer {
    return Buffer.from(this.body, 'latin1');
  }

  /** Sets body and Content-Type; a string is taken as UTF-8 text. Without a body Content-Type goes. */
  setBody(body: string | Uint8Array, contentType?: string): void {
    this.body = typeof body === 'string' ? Buffer.from(body, 'utf8').toString('latin1') : latin1(body);
    if (contentType !== undefined) this.set('Content-Type', contentType);
    else if (body.length === 0) this.remove('Content-Type');
  }

  /** Empty when the header is absent, which the parser does not let happen. */
  get callId(): string {
    return this.header('Call-ID') ?? '';
  }

  get cseq(): CSeq {
    return this.field('CSeq')?.decode(parseCSeq) ?? NO_CSEQ;
  }

  get from(): NameAddress {
    return this.field('From')?.decode(parseNameAddress) ?? NO_ADDRESS;
  }

  get to(): NameAddress {
    return this.field('To')?.decode(parseNameAddress) ?? NO_ADDRESS;
  }

  get topVia(): Via | undefined {
    return this.field('Via')?.decode(parseTopVia);
  }

  get maxForwards(): number | undefined {
    const value = this.header('Max-Forwards');
    return value === undefined ? undefined : parseDecimal(value, 255);
  }

  /** The message as it goes out, in octets. */
  toBuffer(): Buffer {
    return Buffer.from(this.toText(), 'latin1');
  }

  /**
   * The message as it goes out, one character an octet; Content-Length is always there and right. What stands side by side in
   * the text that came in is taken from there in one piece.
   */
  toText(): string {
    let text = this.startLine();
    let source = '';
    let start = 0;
    let end = 0;
    const { fields } = this;
    for (let index = 0; index < fields.length; index++) {
      const field = fields[index];
      if (field === undefined || field.name === 'Content-Length') continue;
      if (field.start === end && field.source === source && end > 0) {
        end = field.end;
        continue;
      }
      if (end > start) text += source.slice(start, end);
      ({ source, start, end } = field);
      if (end === 0) text += `${field.name}: ${field.value}\r\n`;
    }
    if (end > start) text += source.slice(start, end);
    const length = this.#bodyEnd - this.#bodyStart;
    return length === 0 ? `${text}${NO_BODY}` : `${text}Content-Length: ${length}\r\n\r\n${this.body}`;
  }

  /** For the parser: takes over fields that it has checked, and the part of a text that is the body. */
  adopt(fields: Field[], source: string, bodyStart: number, bodyEnd: number): void {
    this.fields = fields;
    this.#bodySource = source;
    this.#bodyStart = bodyStart;
    this.#bodyEnd = bodyEnd;
  }

  /** What of the fields that every message has cannot be read; for the parser. */
  malformedField(): 'malformed-via' | 'malformed-cseq' | undefined {
    if (this.topVia === undefined) return 'malformed-via';
    const { cseq } = this;
    return cseq === NO_CSEQ || !isToken(cseq.method) ? 'malformed-cseq' : undefined;
  }

  /** The first field of that name. */
  protected field(name: string): Field | undefined {
    const index = this.#indexOf(name);
    return index < 0 ? undefined : this.fields[index];
  }

  protected copyTo(other: SipMessage): void {
    other.adopt(this.fields.slice(), this.#bodySource, this.#bodyStart, this.#bodyEnd);
  }

  #indexOf(name: string): number {
    const { fields } = this;
    for (let index = 0; index < fields.length; index++) if (fields[index]?.name === name) return index;
    return -1;
  }

  #removeFrom(name: string, start: number): number {
    const { fields } = this;
    let kept = start;
    for (let index = start; index < fields.length; index++) {
      const field = fields[index];
      if (field === undefined || field.name === name) continue;
      if (kept < index) fields[kept] = field;
      kept++;
    }
    const removed = fields.length - kept;
    if (removed > 0) fields.length = kept;
    return removed;
  }
}

export class SipRequest extends SipMessage {
  readonly method: string;
  #uri: string;
  #requestUri: Uri | undefined;

  /**
   * @param isChecked true where both are known to be what a start line can hold, as for the parser
   * @throws SipError OSGATE_SIP_INVALID_ARGUMENT for a method or URI with white space or a line break
   */
  constructor(method: string, uri: string, isChecked = false) {
    super();
    if (!isChecked) {
      checkWord('method', method);
      checkWord('Request-URI', uri);
    }
    this.method = method;
    this.#uri = uri;
  }

  /** The Request-URI as written. */
  get uri(): string {
    return this.#uri;
  }

  set uri(uri: string) {
    checkWord('Request-URI', uri);
    this.#uri = uri;
    this.#requestUri = undefined;
  }

  /** The Request-URI, decoded; undefined when it is malformed. */
  get requestUri(): Uri | undefined {
    this.#requestUri ??= parseUri(this.#uri);
    return this.#requestUri;
  }

  clone(): SipRequest {
    const copy = new SipRequest(this.method, this.#uri, true);
    this.copyTo(copy);
    return copy;
  }

  /**
   * A response to this request (RFC 3261 8.2.6). Every response but 100 has a To tag: the request's, `toTag`, or one
   * that is the same each time it is made for this request, as a stateless server needs (8.2.7).
   */
  createResponse(status: number, reason?: string, options: { toTag?: string } = {}): SipResponse {
    const response = new SipResponse(status, reason);
    const fields: Field[] = [];
    const tag =
      status > 100 && tagOf(this.to) === undefined ? (options.toTag ?? this.statelessTag(this.method)) : undefined;
    const recordRoute = status > 100 && status < 300 && DIALOG_FORMING.has(this.method);
    for (let index = 0; index < this.fields.length; index++) {
      const field = this.fields[index];
      if (field === undefined) continue;
      const { name } = field;
      if (!COPIED.has(name) && !(recordRoute && name === 'Record-Route')) continue;
      fields.push(tag !== undefined && name === 'To' ? Field.of(name, `${field.value};tag=${tag}`) : field);
    }
    response.adopt(fields, '', 0, 0);
    return response;
  }

  protected override startLine(): string {
    return `${this.method} ${this.#uri} SIP/2.0\r\n`;
  }

  /**
   * The To tag of a response made for this request, which its ACK brings back: FNV-1a over what both share (RFC 3261 8.2.7,
   * 17.1.1.3). No secret, only the same each time.
   *
   * @param method of the request that was answered
   */
  statelessTag(method: string): string {
    let hash = fnv1a(0x811c9dc5, this.topVia?.branch ?? '');
    hash = fnv1a(hash, this.callId);
    hash = fnv1a(hash, tagOf(this.from) ?? '');
    hash = fnv1a(hash, method) ^ this.cseq.sequence;
    return `osg${hexDigits(hash)}`;
  }
}

export class SipResponse extends SipMessage {
  readonly status: number;
  readonly reason: string;

  /**
   * @param status 100 to 699
   * @param reason the usual phrase of the status where absent
   * @param isChecked true where both are known to be what a start line can hold, as for the parser
   * @throws SipError OSGATE_SIP_INVALID_ARGUMENT
   */
  constructor(status: number, reason: string = reasonPhrase(status), isChecked = false) {
    super();
    this.status = status;
    this.reason = reason;
    if (isChecked) return;
    if (!Number.isInteger(status) || status < 100 || status > 699) {
      throw new SipError('OSGATE_SIP_INVALID_ARGUMENT', `no SIP status: ${status}`);
    }
    checkValue('Reason-Phrase', reason);
  }

  clone(): SipResponse {
    const copy = new SipResponse(this.status, this.reason, true);
    this.copyTo(copy);
    return copy;
  }

  protected override startLine(): string {
    return `SIP/2.0 ${this.status} ${this.reason}\r\n`;
  }
}

/** Reads `314159 INVITE`; the number is below 2^31 (RFC 3261 8.1.1.5). */
export function parseCSeq(text: string): CSeq | undefined {
  let end = 0;
  while (end < text.length && text.charCodeAt(end) !== 0x20 && text.charCodeAt(end) !== 0x09) end++;
  const sequence = parseDecimal(text.slice(0, end), 0x7fff_ffff);
  const method = trimWhitespace(text.slice(end));
  if (sequence === undefined || method === '') return undefined;
  return { sequence, method: methodAt(method, 0, method.length) };
}

function parseTopVia(field: string): Via | undefined {
  return parseVia(topOf(field));
}

/** The first of the values of a field. */
function topOf(field: string): string {
  const end = nextComma(field, 0);
  return end === field.length ? field : trimWhitespace(field.slice(0, end));
}

const NO_BODY = 'Content-Length: 0\r\n\r\n';

const NO_ADDRESS: NameAddress = { displayName: undefined, uri: '', parameters: NO_PARAMETERS };

const NO_CSEQ: CSeq = { sequence: 0, method: '' };

const COPIED = new Set(['Via', 'From', 'To', 'Call-ID', 'CSeq']);

const DIALOG_FORMING = new Set(['INVITE', 'SUBSCRIBE', 'REFER', 'NOTIFY']);

function fnv1a(start: number, text: string): number {
  let hash = start;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash;
}

/** A line break in a value would end the header, and the next line be read as another. */
function checkValue(name: string, value: string): void {
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index);
    if (code === 0x0d || code === 0x0a || code > 0xff) {
      throw new SipError(
        'OSGATE_SIP_INVALID_ARGUMENT',
        `${name} cannot hold character U+${code.toString(16).padStart(4, '0')}`,
      );
    }
  }
}

function checkWord(what: string, word: string): void {
  for (let index = 0; index < word.length; index++) {
    const code = word.charCodeAt(index);
    if (code <= 0x20 || code > 0xff) throw new SipError('OSGATE_SIP_INVALID_ARGUMENT', `a ${what} has no white space`);
  }
  if (word === '') throw new SipError('OSGATE_SIP_INVALID_ARGUMENT', `a ${what} is not empty`);
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
