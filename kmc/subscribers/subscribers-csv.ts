import { parseCsv } from './csv.ts';
import { parseSubscriberFields } from './subscriber-fields.ts';
import type { AnySubscriber } from './subscriber.ts';

/** What is wrong with a CSV file of subscribers, and where. */
export interface SubscribersCsvProblem {
  /** Counted from 1. */
  readonly line: number;
  readonly column?: string;
  /** Never holds a secret. */
  readonly reason: string;
}

export type SubscribersCsvResult =
  | { readonly ok: true; readonly subscribers: readonly AnySubscriber[] }
  | { readonly ok: false; readonly problems: readonly SubscribersCsvProblem[] };

/**
 * Reads subscribers from CSV (RFC 4180). The header line names the columns: `impi` and either `k` with `opc` or `op`, or
 * `password`, or all of them; and as wanted `impus` (separated by blanks), `amf` and `sqn`. Keys are hexadecimal. A row
 * that has a password may leave K empty, with all that goes with it.
 *
 * Gives every problem up to 20, rather than the first.
 */
export function parseSubscribersCsv(text: string): SubscribersCsvResult {
  const csv = parseCsv(text);
  if (!csv.ok) return { ok: false, problems: [{ line: csv.line, reason: csv.reason }] };
  const [header, ...records] = csv.records;
  if (header === undefined) return { ok: false, problems: [{ line: 1, reason: 'there is no header line' }] };
  const columns = header.fields.map((name) => name.trim().toLowerCase());
  const headerProblems = checkHeader(columns, header.line);
  if (headerProblems.length > 0) return { ok: false, problems: headerProblems };

  const subscribers: AnySubscriber[] = [];
  const problems: SubscribersCsvProblem[] = [];
  const lineOfImpi = new Map<string, number>();
  for (const { line, fields } of records) {
    if (problems.length >= MAXIMUM_PROBLEMS) break;
    if (fields.length !== columns.length) {
      problems.push({ line, reason: `has ${fields.length} fields, the header has ${columns.length}` });
      continue;
    }
    const result = parseRecord(columns, fields);
    if (!result.ok) {
      problems.push({ line, column: result.field, reason: result.reason });
      continue;
    }
    const earlier = lineOfImpi.get(result.subscriber.impi);
    if (earlier !== undefined) {
      problems.push({ line, column: 'impi', reason: `is that of line ${earlier} too` });
      continue;
    }
    lineOfImpi.set(result.subscriber.impi, line);
    subscribers.push(result.subscriber);
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, subscribers };
}

/** `line 3, column k: is not 32 hexadecimal digits`. */
export function formatCsvProblem({ line, column, reason }: SubscribersCsvProblem): string {
  return column === undefined ? `line ${line}: ${reason}` : `line ${line}, column ${column}: ${reason}`;
}

const MAXIMUM_PROBLEMS = 20;
const COLUMNS: readonly string[] = ['impi', 'impus', 'k', 'opc', 'op', 'amf', 'sqn', 'password'];

function checkHeader(columns: readonly string[], line: number): SubscribersCsvProblem[] {
  const problems: SubscribersCsvProblem[] = [];
  columns.forEach((column, index) => {
    if (!COLUMNS.includes(column)) problems.push({ line, column, reason: `is none of ${COLUMNS.join(', ')}` });
    else if (columns.indexOf(column) !== index) problems.push({ line, column, reason: 'is there twice' });
  });
  const missing = (column: string): void => {
    if (!columns.includes(column)) problems.push({ line, column, reason: 'is missing' });
  };
  missing('impi');
  if (!columns.includes('password')) missing('k');
  if (columns.includes('k') || !columns.includes('password')) {
    if (!columns.includes('op')) missing('opc');
  }
  return problems;
}

function parseRecord(columns: readonly string[], fields: readonly string[]): ReturnType<typeof parseSubscriberFields> {
  // An empty field is one that was not given.
  const field = (name: string): string | undefined => {
    const whole = fields[columns.indexOf(name)] ?? '';
    // Blanks round a password belong to it.
    const value = name === 'password' ? whole : whole.trim();
    return value === '' ? undefined : value;
  };
  const [impi, impus, k, opc, op, amf, sqn, password] = COLUMNS.map(field);
  return parseSubscriberFields({
    ...(impi !== undefined && { impi }),
    ...(impus !== undefined && { impus: impus.split(/\s+/) }),
    ...(k !== undefined && { k }),
    ...(opc !== undefined && { opc }),
    ...(op !== undefined && { op }),
    ...(amf !== undefined && { amf }),
    ...(sqn !== undefined && { sqn }),
    ...(password !== undefined && { password }),
  });
}
