import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';

/** The version of the program, from its package. */
export function programVersion(): string {
  // One level up when run from source, two when built: so it is looked for.
  const path = findPackageJSON('..', import.meta.url);
  if (path === undefined) return 'unknown';
  const description = JSON.parse(readFileSync(path, 'utf8')) as { version?: string };
  return description.version ?? 'unknown';
}
