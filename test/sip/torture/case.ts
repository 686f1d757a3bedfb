import { readFileSync } from 'node:fs';

/** One message of the corpus and what is to become of it. */
export interface TortureCase {
  /** Under test/fixtures. */
  readonly file: string;
  /** The clause or the lesson that it is from. */
  readonly clause: string;
  /** What it is about, and what the clause asks for. */
  readonly says: string;
  /** The verdict of `tortureVerdict`. */
  readonly expected: string;
}

export const FIXTURES = new URL('../../fixtures/', import.meta.url);

export function tortureMessage(file: string): Buffer {
  return readFileSync(new URL(file, FIXTURES));
}

export function isResponse(message: Buffer): boolean {
  return message.toString('latin1', 0, 4) === 'SIP/';
}
