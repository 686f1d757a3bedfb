import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { KmcError } from '../../kmc/errors.ts';

/**
 * The whole of a file; `-` is standard input. Rejects with OSGATE_KMC_SUBSCRIBER_INVALID when it cannot be read.
 */
export async function readSecretText(file: string): Promise<string> {
  try {
    return file === '-' ? await text(process.stdin) : await readFile(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new KmcError('OSGATE_KMC_SUBSCRIBER_INVALID', `${file}: cannot be read (${reason})`, { cause: error });
  }
}
