import { readFile, rm } from 'node:fs/promises';

import { z } from 'zod';

import { OsgateError } from '../errors.ts';
import { writePrivateFile } from '../store/index.ts';
import type { BootstrappedKeys } from './bootstrapped-keys.ts';

const SCHEMA = z.strictObject({
  impi: z.string(),
  btid: z.string(),
  ks: z.string().regex(/^[0-9a-f]{64}$/),
  rand: z.string().regex(/^[0-9a-f]{32}$/),
  expiresAt: z.number(),
});

/** Keeps the keys of the last bootstrapping in a file that only its owner can read, between runs of the agent. */
export class KeyFile {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** The keys of that IMPI, or undefined when there are none, or the file is not one of ours. */
  async load(impi: string): Promise<BootstrappedKeys | undefined> {
    let text: string;
    try {
      text = await readFile(this.#path, 'utf8');
    } catch {
      return undefined;
    }
    try {
      const record = SCHEMA.parse(JSON.parse(text));
      if (record.impi !== impi) return undefined;
      return { ...record, ks: Buffer.from(record.ks, 'hex'), rand: Buffer.from(record.rand, 'hex') };
    } catch {
      // Half a file, or somebody else's: bootstrapping again mends it.
      return undefined;
    }
  }

  /** @throws OsgateError OSGATE_STORE when the file cannot be written */
  async save(keys: BootstrappedKeys): Promise<void> {
    const record = { ...keys, ks: keys.ks.toString('hex'), rand: keys.rand.toString('hex') };
    try {
      await writePrivateFile(this.#path, `${JSON.stringify(record)}\n`);
    } catch (error) {
      throw new OsgateError('OSGATE_STORE', `cannot write the key cache ${this.#path}`, { cause: error });
    }
  }

  async forget(): Promise<void> {
    await rm(this.#path, { force: true });
  }
}
