import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { basename, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const FOLDER = fileURLToPath(new URL('./', import.meta.url));

/** Flags of every C program here. */
export const GCC = ['gcc', '-O2', '-Wall', '-Wextra'] as const;

/**
 * Compiles a C program of this folder with gcc, unless the same source was compiled before, and gives the path of the program.
 * Load generators are in C so that they take less of the machine than what they measure.
 */
export async function compiled(name: string): Promise<string> {
  const source = join(FOLDER, `${name}.c`);
  return compileOnce({
    source,
    headers: [join(FOLDER, 'loopback.h'), join(FOLDER, 'md5.h')],
    command: (output) => [...GCC, '-o', output, source, '-lm'],
  });
}

export interface Compilation {
  readonly source: string;
  /** Files whose change asks for another compilation. */
  readonly headers: readonly string[];
  /** The command, program first, that makes `output`. */
  readonly command: (output: string) => readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** Runs the compiler unless it has seen the same files before, and gives the path of the program. */
export async function compileOnce({ source, headers, command, environment = {} }: Compilation): Promise<string> {
  const hash = createHash('sha256').update(command('').join(' '));
  for (const file of [source, ...headers]) hash.update(await readFile(file));
  const folder = join(tmpdir(), `osgate-bench-${userInfo().uid}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const program = join(folder, `${basename(source, extname(source))}-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(program)) return program;
  // Another process may do the same at the same time: the program appears whole or not at all.
  const unfinished = `${program}.${process.pid}`;
  const [compiler = '', ...args] = command(unfinished);
  await promisify(execFile)(compiler, args, { env: { ...process.env, ...environment } });
  await rename(unfinished, program);
  return program;
}
