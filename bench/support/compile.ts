import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const FOLDER = fileURLToPath(new URL('./', import.meta.url));
const HEADERS = ['loopback.h', 'md5.h'];

/**
 * Compiles a C program of this folder with gcc, unless the same source was compiled before, and gives the path of the program.
 * Load generators are in C so that they take less of the machine than what they measure.
 */
export async function compiled(name: string): Promise<string> {
  const source = join(FOLDER, `${name}.c`);
  const hash = createHash('sha256');
  for (const file of [source, ...HEADERS.map((header) => join(FOLDER, header))]) hash.update(await readFile(file));
  const folder = join(tmpdir(), `osgate-bench-${userInfo().uid}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const program = join(folder, `${name}-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(program)) return program;
  // Another process may do the same at the same time: the program appears whole or not at all.
  const unfinished = `${program}.${process.pid}`;
  await promisify(execFile)('gcc', ['-O2', '-Wall', '-Wextra', '-o', unfinished, source, '-lm']);
  await rename(unfinished, program);
  return program;
}
