export interface RawHeader {
  /** Lower-case. */
  readonly name: string;
  /** As it stands, with its continuation lines and line breaks. */
  text: string;
}

export interface RawMessage {
  readonly isRequest: boolean;
  readonly startLine: string;
  readonly headers: RawHeader[];
  /** The empty line, and the body. */
  readonly rest: string;
}

/** Cuts a message up without changing anything; undefined for what does not look like SIP/2.0. */
export function readRawMessage(datagram: Buffer): RawMessage | undefined {
  const text = datagram.toString('latin1');
  const headEnd = text.indexOf('\r\n\r\n');
  const lineEnd = text.indexOf('\r\n');
  if (headEnd < 0 || lineEnd <= 0) return undefined;
  const startLine = text.slice(0, lineEnd + 2);
  const isRequest = startLine.endsWith(' SIP/2.0\r\n');
  if (!isRequest && !startLine.startsWith('SIP/2.0 ')) return undefined;
  const headers: RawHeader[] = [];
  let position = lineEnd + 2;
  while (position < headEnd + 2) {
    const end = fieldEnd(text, position, headEnd + 2);
    headers.push({ name: nameOf(text, position, end), text: text.slice(position, end) });
    position = end;
  }
  return { isRequest, startLine, headers, rest: text.slice(headEnd + 2) };
}

/** Where the field ends that begins at `start`: behind its line, and behind the lines that continue it. */
function fieldEnd(text: string, start: number, limit: number): number {
  let position = start;
  do {
    position = text.indexOf('\r\n', position) + 2;
  } while (position < limit && (text[position] === ' ' || text[position] === '\t'));
  return position;
}

function nameOf(text: string, start: number, end: number): string {
  const colon = text.indexOf(':', start);
  if (colon < 0 || colon > end) return '';
  const name = text.slice(start, colon).trimEnd().toLowerCase();
  return name === 'v' ? 'via' : name;
}

export function writeRawMessage({ startLine, headers, rest }: RawMessage): Buffer {
  let text = startLine;
  for (const header of headers) text += header.text;
  return Buffer.from(text + rest, 'latin1');
}
