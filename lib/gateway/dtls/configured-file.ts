import { readFileSync } from 'node:fs';

import { OsgateError } from '../../errors.ts';

/**
 * Reads a file that the configuration names, at the start and when it is read again: a reload must be whole or not at all, so it
 * does not wait in between.
 *
 * @throws OsgateError OSGATE_CONFIG_INVALID
 */
export function readConfiguredFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new OsgateError('OSGATE_CONFIG_INVALID', `${path}: cannot be read (${reason})`, { cause: error });
  }
}
