import { parseDecimal, trimWhitespace } from '../message/index.ts';

/** Bounds on one message of a stream; beyond them the stream cannot be read on. */
export interface FramingLimits {
  /** Octets from the start line to the empty line. */
  readonly maximumHeaderBytes: number;
  /** Octets from the start line to the end of the body. */
  readonly maximumMessageBytes: number;
}

/** Why nobody can tell where the next message of a stream begins. */
export type FramingFailure =
  | 'stream-header-too-large'
  | 'stream-message-too-large'
  | 'stream-missing-content-length'
  | 'stream-malformed-content-length';

export interface FramingHandler {
  /** One whole message, from the start line to the end of the body; it belongs to the receiver. */
  onMessage(message: Buffer): void;
  /** CRLFCRLF between two messages: the peer wants a CRLF back (RFC 5626 4.4.1). */
  onPing(): void;
  /** The header of a message whose end nobody can tell; the stream ends with it. */
  onUnframed(header: Buffer, failure: FramingFailure): void;
}

/**
 * Cuts a stream of octets into SIP messages (RFC 3261 7.5, 18.3): line breaks before a start line are passed over, and
 * Content-Length, which must be there, says where a body ends. It keeps no octet of a message that is over, and never more
 * than one message and one chunk.
 */
export class StreamFramer {
  readonly #limits: FramingLimits;
  readonly #handler: FramingHandler;
  #pending = NOTHING;
  /** Octets of `#pending` that came in; the rest is room. */
  #length = 0;
  /** Where the search for the end of the header goes on. */
  #searched = 0;
  /** Octets of the message under way, once its Content-Length is known. */
  #total = 0;
  /** Line breaks since the last message or ping. */
  #lineBreaks = 0;
  #failure: FramingFailure | undefined;

  constructor(limits: FramingLimits, handler: FramingHandler) {
    this.#limits = limits;
    this.#handler = handler;
  }

  /** True when a message has begun and is not complete. */
  get midMessage(): boolean {
    return this.#length > 0;
  }

  /** Takes the next octets. After a failure, which is given again each time, everything is ignored. */
  push(chunk: Buffer): FramingFailure | undefined {
    if (this.#failure !== undefined) return this.#failure;
    const data = this.#length === 0 ? chunk : this.#join(chunk);
    let position = 0;
    while (position < data.length) {
      if (this.#total === 0) position = this.#skipLineBreaks(data, position);
      const end = this.#messageEnd(data, position);
      if (end < 0) break;
      this.#searched = 0;
      this.#total = 0;
      const message = data.subarray(position, end);
      position = end;
      this.#handler.onMessage(message);
    }
    this.#keep(data, position);
    return this.#outcome();
  }

  /** What `#messageEnd` found wrong; nothing is kept then. */
  #outcome(): FramingFailure | undefined {
    if (this.#failure !== undefined) this.#keep(NOTHING, 0);
    return this.#failure;
  }

  /** Passes over line breaks before a start line; a lone CR at the end waits for its LF. */
  #skipLineBreaks(data: Buffer, start: number): number {
    let position = start;
    while (data[position] === CR && data[position + 1] === LF) {
      position += 2;
      if (++this.#lineBreaks < 2) continue;
      this.#lineBreaks = 0;
      this.#handler.onPing();
    }
    return position;
  }

  /** Where the message that begins at `start` ends, or -1 when it is not complete or cannot be read. */
  #messageEnd(data: Buffer, start: number): number {
    if (start >= data.length || (data.length === start + 1 && data[start] === CR)) return -1;
    this.#lineBreaks = 0;
    if (this.#total === 0) {
      const headerEnd = data.indexOf(HEADER_END, start + this.#searched, 'latin1');
      const headerLength = headerEnd < 0 ? data.length - start : headerEnd + HEADER_END.length - start;
      if (headerLength > this.#limits.maximumHeaderBytes) return this.#fail('stream-header-too-large');
      if (headerEnd < 0) {
        // The end may be cut in two.
        this.#searched = Math.max(0, headerLength - HEADER_END.length + 1);
        return -1;
      }
      const bodyLength = contentLength(data.toString('latin1', start, start + headerLength));
      const header = data.subarray(start, start + headerLength);
      if (typeof bodyLength === 'string') return this.#fail(bodyLength, header);
      if (headerLength + bodyLength > this.#limits.maximumMessageBytes) {
        return this.#fail('stream-message-too-large', header);
      }
      this.#total = headerLength + bodyLength;
    }
    return data.length - start < this.#total ? -1 : start + this.#total;
  }

  #fail(failure: FramingFailure, header?: Buffer): -1 {
    this.#failure = failure;
    if (header !== undefined) this.#handler.onUnframed(header, failure);
    return -1;
  }

  /** What is left of earlier chunks and the new one, as one; room doubles, so that octet by octet costs no more than once. */
  #join(chunk: Buffer): Buffer {
    const needed = this.#length + chunk.length;
    if (needed > this.#pending.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#length));
      this.#pending.copy(grown, 0, 0, this.#length);
      this.#pending = grown;
    }
    chunk.copy(this.#pending, this.#length);
    this.#length = needed;
    return this.#pending.subarray(0, needed);
  }

  #keep(data: Buffer, from: number): void {
    const rest = data.length - from;
    if (rest === 0) this.#pending = NOTHING;
    // What was handed out of the old room belongs to the receiver; a chunk belongs to the socket.
    else if (from > 0 || this.#length === 0) this.#pending = Buffer.from(data.subarray(from));
    this.#length = rest;
  }
}

const NOTHING = Buffer.alloc(0);
const CR = 0x0d;
const LF = 0x0a;
const HEADER_END = '\r\n\r\n';

/**
 * The length that a header block says its body has. It is found by the parser's own rules (`parseMessage`), but folded or
 * more than once it is refused here already: the stream must not be cut where the parser would not.
 */
function contentLength(block: string): number | FramingFailure {
  let found: number | undefined;
  let position = block.indexOf('\r\n') + 2;
  while (position < block.length) {
    const end = block.indexOf('\r\n', position);
    if (end <= position) break;
    const colon = block.indexOf(':', position);
    if (colon >= 0 && colon < end && isContentLength(block.slice(position, colon))) {
      const following = block.charCodeAt(end + 2);
      const folded = following === 0x20 || following === 0x09;
      const length = folded ? undefined : parseDecimal(trimWhitespace(block.slice(colon + 1, end)), 0x7fff_ffff);
      if (length === undefined || found !== undefined) return 'stream-malformed-content-length';
      found = length;
    }
    position = end + 2;
  }
  return found ?? 'stream-missing-content-length';
}

function isContentLength(text: string): boolean {
  // No other name is of these lengths once white space is off, so most lines cost a comparison.
  const name = text.trimEnd();
  if (name.length === 1) return name === 'l' || name === 'L';
  return name.length === 14 && name.toLowerCase() === 'content-length';
}
