import { closeSync, openSync, writeSync } from 'node:fs';

import { OsgateError } from '../../errors.ts';

/** Appends the secrets of associations to a file, in the form of SSLKEYLOGFILE: for those who debug, and for nobody else. */
export class KeyLog {
  readonly #file: number;

  /** @throws OsgateError OSGATE_CONFIG_INVALID when the file cannot be written */
  constructor(path: string) {
    try {
      this.#file = openSync(path, 'a', 0o600);
    } catch (error) {
      const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
      throw new OsgateError('OSGATE_CONFIG_INVALID', `${path}: cannot be written (${reason})`, { cause: error });
    }
  }

  readonly write = (line: string): void => {
    writeSync(this.#file, `${line}\n`);
  };

  close(): void {
    closeSync(this.#file);
  }
}
