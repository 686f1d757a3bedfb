/** One record of a CSV file and the line it starts on, counted from 1. */
export interface CsvRecord {
  readonly line: number;
  readonly fields: readonly string[];
}

export type CsvResult =
  | { readonly ok: true; readonly records: readonly CsvRecord[] }
  | { readonly ok: false; readonly line: number; readonly reason: string };

/** Reads RFC 4180 CSV: quoted fields, doubled quotes, LF or CRLF, a byte order mark. Blank lines are left out. */
export function parseCsv(text: string): CsvResult {
  const source = text.startsWith('\ufeff') ? text.slice(1) : text;
  const records: CsvRecord[] = [];
  let fields: string[] = [];
  let line = 1;
  let recordLine = 1;
  let position = 0;
  while (position < source.length) {
    let field = '';
    if (source[position] === '"') {
      const quotedLine = line;
      const quoted = readQuoted(source, position);
      if (quoted === undefined) return { ok: false, line: quotedLine, reason: 'a quoted field does not end' };
      field = quoted.value;
      line += quoted.lines;
      position = quoted.end;
    } else {
      const start = position;
      while (position < source.length && !isDelimiter(source[position])) position++;
      field = source.slice(start, position);
      if (field.includes('"')) return { ok: false, line, reason: 'a quote stands inside an unquoted field' };
    }
    if (position < source.length && !isDelimiter(source[position])) {
      return { ok: false, line, reason: 'something stands behind a quoted field' };
    }
    fields.push(field);
    if (source[position] === ',') {
      position++;
      // A comma at the very end has one more, empty, field behind it.
      if (position < source.length) continue;
      fields.push('');
    }
    if (fields.length > 1 || fields[0] !== '') records.push({ line: recordLine, fields });
    fields = [];
    if (source[position] === '\r' && source[position + 1] === '\n') position++;
    position++;
    line++;
    recordLine = line;
  }
  return { ok: true, records };
}

interface QuotedField {
  readonly value: string;
  readonly end: number;
  /** Line feeds in it. */
  readonly lines: number;
}

function readQuoted(source: string, start: number): QuotedField | undefined {
  let value = '';
  let from = start + 1;
  for (;;) {
    const quote = source.indexOf('"', from);
    if (quote < 0) return undefined;
    value += source.slice(from, quote);
    if (source[quote + 1] !== '"') return { value, end: quote + 1, lines: value.split('\n').length - 1 };
    value += '"';
    from = quote + 2;
  }
}

function isDelimiter(character: string | undefined): boolean {
  return character === ',' || character === '\n' || character === '\r';
}
