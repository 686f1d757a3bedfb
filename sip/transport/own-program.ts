import { createRequire } from 'node:module';
import { endianness } from 'node:os';

import type * as Koffi from 'koffi';

import { lazy } from './lazy.ts';

/** Functions in C of the program that this process runs, and of the libraries that it has loaded; they are called by koffi. */
export interface OwnProgram {
  /**
   * @param declaration as in C, with `uintptr_t` for addresses that are given as numbers, and `str` for texts
   * @throws where the program has no such function
   */
  call(declaration: string): (...operands: (number | string | null)[]) => number;
  /** errno of the last call that set it. */
  errorNumber(): number;
  /** Where the first octet of the array stands. Whoever gives it to a call keeps the array alive. */
  addressOf(memory: Uint8Array): number;
}

/** Machines of 64 bits, the lowest octet first, on which addresses of user space have at most 48 bits. */
const MACHINES: ReadonlySet<string> = new Set(['x64', 'arm64', 'riscv64', 'loong64']);

/** Undefined where the system is not Linux, or koffi (an optional dependency) is not installed or does not run. */
export const ownProgram = lazy(load);

function load(): OwnProgram | undefined {
  if (process.platform !== 'linux' || !MACHINES.has(process.arch) || endianness() !== 'LE') return undefined;
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof Koffi;
    const program = koffi.load(null);
    return {
      call: (declaration) => program.func(declaration) as ReturnType<OwnProgram['call']>,
      errorNumber: () => koffi.errno(),
      addressOf: (memory) => Number(koffi.address(memory)),
    };
  } catch {
    return undefined;
  }
}
