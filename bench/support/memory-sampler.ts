import { readFile } from 'node:fs/promises';

import { treeOf } from './process-tree.ts';

export interface MemorySample {
  /** Milliseconds since the sampler started. */
  readonly at: number;
  readonly bytes: number;
}

/**
 * `proportional`: memory that several processes share is divided between them, so that the sum is true (PSS).
 * `resident`: what each process has in memory (RSS); it does not change when another process of the machine ends.
 */
export type MemoryKind = 'proportional' | 'resident';

const PAGE_BYTES = 4096;

/**
 * Samples the memory of a process and of the descendants that it has at the start, while others measure: it reads without
 * blocking the event loop.
 */
export class MemorySampler {
  readonly samples: MemorySample[] = [];
  readonly #startedAt = performance.now();
  readonly #pids: readonly number[];
  readonly #kind: MemoryKind;
  readonly #timer: NodeJS.Timeout;
  #busy = false;

  constructor(pid: number, kind: MemoryKind, intervalMilliseconds: number) {
    this.#pids = treeOf(pid);
    this.#kind = kind;
    this.#timer = setInterval(() => void this.#sample(), intervalMilliseconds);
  }

  /** The largest sample, in octets. */
  get peak(): number {
    return Math.max(...this.samples.map(({ bytes }) => bytes));
  }

  /** Takes a last sample and stops. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sample();
  }

  async #sample(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    const read = this.#kind === 'resident' ? residentOf : proportionalOf;
    const parts = await Promise.all(this.#pids.map(async (pid) => read(pid).catch(() => 0)));
    this.samples.push({
      at: performance.now() - this.#startedAt,
      bytes: parts.reduce((sum, part) => sum + part, 0),
    });
    this.#busy = false;
  }
}

/** The second field of /proc/PID/statm is in pages. */
async function residentOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/statm`, 'latin1');
  return Number(text.split(' ')[1]) * PAGE_BYTES;
}

async function proportionalOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'latin1');
  return Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024;
}
