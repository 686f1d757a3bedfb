import { SipError } from '../errors.ts';
import { isToken, parseDecimal, trimWhitespace } from './characters.ts';
import { parseNameAddress, tagOf, type NameAddress } from './name-address.ts';
import { nextComma, splitValues } from './parameters.ts';
import { reasonPhrase } from './reason-phrases.ts';
import { NO_PARAMETERS } from './parameters.ts';
import { parseUri, type Uri } from './uri.ts';
import { parseVia, type Via } from './via.ts';

export interface HeaderField {
  /** Canonical spelling. */
  readonly name: string;
  /** Unfolded and trimmed. */
  readonly value: string;
}

export interface CSeq {
  readonly sequence: number;
  readonly method: string;
}

/**
 * A SIP message: start line, header fields in their order, body. Text is Latin-1, one character an octet, so that a body
 * or a display name of any character set survives. Header names are always given in canonical spelling (`Call-ID`).
 */
export abstract class SipMessage {
  /** The body, one character an octet. */
  body = '';
  protected names: string[] = [];
  protected fieldValues: string[] = [];
  #from: NameAddress | undefined;
  #to: NameAddress | undefined;
  #topVia: Via | undefined;
  #cseq: CSeq | undefined;

  protected abstract startLine(): string;

  /** The value of the first field of that name. */
  header(name: string): string | undefined {
    const index = this.names.indexOf(name);
    return index < 0 ? undefined : this.fieldValues[index];
  }

  /** The values of all fields of that name, as they stand. */
  headers(name: string): string[] {
    const found: string[] = [];
    for (let index = this.names.indexOf(name); index >= 0; index = this.names.indexOf(name, index + 1)) {
      found.push(this.fieldValues[index] ?? '');
    }
    return found;
  }

  /** The values of all fields of that name, split at their commas, top first. */
  values(name: string): string[] {
    const fields = this.headers(name);
    return fields.some((field) => field.includes(',')) ? fields.flatMap(splitValues) : fields;
  }

  has(name: string): boolean {
    return this.names.includes(name);
  }

  /** Replaces all fields of that name by one, in the first one's place, or appends it. */
  set(name: string, value: string): void {
    checkValue(name, value);
    const index = this.names.indexOf(name);
    if (index < 0) {
      this.names.push(name);
      this.fieldValues.push(value);
    } else {
      this.fieldValues[index] = value;
      if (this.names.includes(name, index + 1)) this.#removeFrom(name, index + 1);
    }
    this.#changed(name);
  }

  /** Adds a field behind the last one of that name, or at the end. */
  append(name: string, value: string): void {
    checkValue(name, value);
    const last = this.names.lastIndexOf(name);
    const at = last < 0 ? this.names.length : last + 1;
    this.names.splice(at, 0, name);
    this.fieldValues.splice(at, 0, value);
    this.#changed(name);
  }

  /** Adds a field before the first one of that name, or at the top of the message. */
  prepend(name: string, value: string): void {
    checkValue(name, value);
    const at = Math.max(this.names.indexOf(name), 0);
    this.names.splice(at, 0, name);
    this.fieldValues.splice(at, 0, value);
    this.#changed(name);
  }

  /** Removes all fields of that name and tells how many there were. */
  remove(name: string): number {
    const removed = this.#removeFrom(name, 0);
    this.#changed(name);
    return removed;
  }

  /** The top value of a comma-separated header, without a look at the others. */
  firstValue(name: string): string | undefined {
    const field = this.header(name);
    return field === undefined ? undefined : trimWhitespace(field.slice(0, nextComma(field, 0)));
  }

  /** Removes and returns the top value of a comma-separated header. */
  removeFirstValue(name: string): string | undefined {
    const index = this.names.indexOf(name);
    const field = this.fieldValues[index];
    if (index < 0 || field === undefined) return undefined;
    const end = nextComma(field, 0);
    if (end >= field.length) {
      this.names.splice(index, 1);
      this.fieldValues.splice(index, 1);
    } else {
      this.fieldValues[index] = trimWhitespace(field.slice(end + 1));
    }
    this.#changed(name);
    return trimWhitespace(field.slice(0, end));
  }

  /** Replaces the top value of a comma-separated header, or appends one where there is none. */
  replaceFirstValue(name: string, value: string): void {
    checkValue(name, value);
    const index = this.names.indexOf(name);
    const field = this.fieldValues[index];
    if (index < 0 || field === undefined) {
      this.append(name, value);
      return;
    }
    this.fieldValues[index] = value + field.slice(nextComma(field, 0));
    this.#changed(name);
  }

  /** The name of each field, in their order; one that stands twice is there twice. */
  headerNames(): readonly string[] {
    return this.names;
  }

  headerFields(): readonly HeaderField[] {
    return this.names.map((name, index) => ({ name, value: this.fieldValues[index] ?? '' }));
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
    this.#cseq ??= parseCSeq(this.header('CSeq') ?? '') ?? NO_CSEQ;
    return this.#cseq;
  }

  get from(): NameAddress {
    this.#from ??= parseNameAddress(this.header('From') ?? '') ?? NO_ADDRESS;
    return this.#from;
  }

  get to(): NameAddress {
    this.#to ??= parseNameAddress(this.header('To') ?? '') ?? NO_ADDRESS;
    return this.#to;
  }

  get topVia(): Via | undefined {
    if (this.#topVia === undefined) {
      const field = this.header('Via');
      if (field !== undefined) this.#topVia = parseVia(trimWhitespace(field.slice(0, nextComma(field, 0))));
    }
    return this.#topVia;
  }

  get maxForwards(): number | undefined {
    const value = this.header('Max-Forwards');
    return value === undefined ? undefined : parseDecimal(value, 255);
  }

  /** The message as it goes out, in octets. */
  toBuffer(): Buffer {
    return Buffer.from(this.toText(), 'latin1');
  }

  /** The message as it goes out, one character an octet; Content-Length is always there and right. */
  toText(): string {
    const { names, fieldValues } = this;
    let text = this.startLine();
    for (let index = 0; index < names.length; index++) {
      const name = names[index] ?? '';
      if (name !== 'Content-Length') text += `${name}: ${fieldValues[index] ?? ''}\r\n`;
    }
    return `${text}Content-Length: ${this.body.length}\r\n\r\n${this.body}`;
  }

  /** For the parser: takes over fields that it has checked. */
  adopt(names: string[], fieldValues: string[], body: string): void {
    this.names = names;
    this.fieldValues = fieldValues;
    this.body = body;
  }

  /** What of the fields that every message has cannot be read; for the parser. */
  malformedField(): 'malformed-via' | 'malformed-cseq' | undefined {
    if (this.topVia === undefined) return 'malformed-via';
    return this.cseq === NO_CSEQ || !isToken(this.cseq.method) ? 'malformed-cseq' : undefined;
  }

  protected copyTo(other: SipMessage): void {
    other.names = this.names.slice();
    other.fieldValues = this.fieldValues.slice();
    other.body = this.body;
  }

  #removeFrom(name: string, start: number): number {
    let kept = start;
    for (let index = start; index < this.names.length; index++) {
      const current = this.names[index] ?? '';
      if (current === name) continue;
      this.names[kept] = current;
      this.fieldValues[kept] = this.fieldValues[index] ?? '';
      kept++;
    }
    const removed = this.names.length - kept;
    this.names.length = kept;
    this.fieldValues.length = kept;
    return removed;
  }

  #changed(name: string): void {
    if (name === 'Via') this.#topVia = undefined;
    else if (name === 'From') this.#from = undefined;
    else if (name === 'To') this.#to = undefined;
    else if (name === 'CSeq') this.#cseq = undefined;
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
    const names: string[] = [];
    const values: string[] = [];
    const tag =
      status > 100 && tagOf(this.to) === undefined ? (options.toTag ?? this.statelessTag(this.method)) : undefined;
    const recordRoute = status > 100 && status < 300 && DIALOG_FORMING.has(this.method);
    for (let index = 0; index < this.names.length; index++) {
      const name = this.names[index] ?? '';
      if (!COPIED.has(name) && !(recordRoute && name === 'Record-Route')) continue;
      const value = this.fieldValues[index] ?? '';
      names.push(name);
      values.push(tag !== undefined && name === 'To' ? `${value};tag=${tag}` : value);
    }
    response.adopt(names, values, '');
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
    return `osg${(hash >>> 0).toString(36)}`;
  }
}

export class SipResponse extends SipMessage {
  readonly status: number;
  readonly reason: string;

  /**
   * @param status 100 to 699
   * @param reason the usual phrase of the status where absent
   */
  constructor(status: number, reason: string = reasonPhrase(status)) {
    super();
    if (!Number.isInteger(status) || status < 100 || status > 699) {
      throw new SipError('OSGATE_SIP_INVALID_ARGUMENT', `no SIP status: ${status}`);
    }
    checkValue('Reason-Phrase', reason);
    this.status = status;
    this.reason = reason;
  }

  clone(): SipResponse {
    const copy = new SipResponse(this.status, this.reason);
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
  return sequence === undefined || method === '' ? undefined : { sequence, method };
}

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
