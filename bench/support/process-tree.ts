import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks of /proc in a second; Linux has had 100 on every machine that Node runs on. */
const TICKS_PER_SECOND = 100;

/** What a process and all its descendants have used so far. */
export interface Usage {
  /** CPU time, user and system, in microseconds. The kernel counts in steps of 10 ms a process. */
  readonly cpuMicroseconds: number;
  /** The part of it that the kernel worked for the process. */
  readonly systemMicroseconds: number;
  /** Proportional set size, in octets: memory that processes share counts once. */
  readonly memoryBytes: number;
}

/** Reads /proc for a process and all its descendants; what has ended is not counted. */
export function usageOf(pid: number): Usage {
  let cpuMicroseconds = 0;
  let systemMicroseconds = 0;
  let memoryBytes = 0;
  for (const member of treeOf(pid)) {
    const fields = statFields(member);
    if (fields === undefined) continue;
    // utime and stime are fields 14 and 15 of proc(5); the first two are cut off here.
    cpuMicroseconds += ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1e6;
    systemMicroseconds += (Number(fields[12]) / TICKS_PER_SECOND) * 1e6;
    memoryBytes += proportionalSetSize(member);
  }
  return { cpuMicroseconds, systemMicroseconds, memoryBytes };
}

/** The process and its descendants. */
export function treeOf(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const member = Number(name);
    if (!Number.isInteger(member)) continue;
    const parent = Number(statFields(member)?.[1]);
    children.set(parent, [...(children.get(parent) ?? []), member]);
  }
  const found = [pid];
  for (const member of found) found.push(...(children.get(member) ?? []));
  return found;
}

/** The fields of /proc/PID/stat behind the command name, which may hold anything. */
function statFields(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

function proportionalSetSize(pid: number): number {
  try {
    const match = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'));
    return Number(match?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
