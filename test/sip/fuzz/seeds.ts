import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';

const FOLDER = new URL('../../fixtures/fuzz-seeds/', import.meta.url);

export interface FuzzSeed {
  readonly name: string;
  /** Of the target. */
  readonly target: string;
  readonly text: string;
}

/** Inputs that once broke a promise; each file is named after its target. */
export function fuzzSeeds(): FuzzSeed[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.dat'))
    .map((name) => ({
      name,
      target: name.slice(0, name.lastIndexOf('.', name.length - 5)),
      text: readFileSync(new URL(name, FOLDER), 'latin1'),
    }));
}

/** Keeps an input, and tells the name of its file. */
export function saveFuzzSeed(target: string, text: string): string {
  const name = `${target}.${createHash('sha256').update(text, 'latin1').digest('hex').slice(0, 12)}.dat`;
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(new URL(name, FOLDER), text, 'latin1');
  return name;
}
