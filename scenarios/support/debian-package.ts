import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

import { ScenarioError } from './errors.ts';

/**
 * The folder in which a Debian package keeps a file whose path ends with `suffix`; it is named after the machine's
 * architecture, so that nobody can know it beforehand.
 */
export async function debianFolderOf(debianPackage: string, suffix: string): Promise<string> {
  const { stdout } = await promisify(execFile)('dpkg', ['-L', debianPackage]);
  const path = stdout.split('\n').find((line) => line.endsWith(suffix));
  if (path === undefined) throw new ScenarioError(`the Debian package ${debianPackage} has no file *${suffix}`);
  return dirname(path);
}
