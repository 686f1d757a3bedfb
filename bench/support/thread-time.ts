import { readdirSync, readFileSync } from 'node:fs';

/**
 * CPU time of all threads that a process has now, in microseconds, as the scheduler of Linux counts it: in nanoseconds, where
 * /proc/PID/stat has ticks of 10 ms. Time of threads that have ended is not in it.
 */
export function threadMicroseconds(pid: number): number {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const [onCpu] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ');
    nanoseconds += Number(onCpu);
  }
  return nanoseconds / 1000;
}
