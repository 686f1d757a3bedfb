import type { SQLOutputValue } from 'node:sqlite';
import { KmcError } from '../errors.ts';

/** A row of the table of subscribers, or a part of it. */
export type Row = Record<string, SQLOutputValue>;

/** Ties a sealed value to its column and row, so that values cannot be moved about in the file. */
export function sealContext(column: string, impi: string): string {
  return `${column}\n${impi}`;
}

export function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw damaged(column);
  return value;
}

export function octets(row: Row, column: string): Buffer {
  const value = row[column];
  if (!(value instanceof Uint8Array)) throw damaged(column);
  return Buffer.from(value);
}

/** SQN: 48 bits, which a number holds exactly. */
export function sequenceNumber(row: Row): bigint {
  const value = row['sqn'];
  if (typeof value !== 'number') throw damaged('sqn');
  return BigInt(value);
}

export function json(row: Row, column: string): unknown {
  try {
    return JSON.parse(text(row, column));
  } catch {
    throw damaged(column);
  }
}

export function stringList(value: unknown): string[] {
  if (!Array.isArray(value) || !value.every((entry) => typeof entry === 'string')) throw damaged('impus');
  return value;
}

function damaged(column: string): KmcError {
  return new KmcError('OSGATE_KMC_DATABASE', `the column ${column} of a record is damaged`);
}
