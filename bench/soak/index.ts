import { MemorySampler, type MemorySample } from '../support/memory-sampler.ts';
import { median, printFigure, progress } from '../support/report.ts';
import { Edges } from '../sip/edges.ts';
import { measure, Server, type Load, type Measurement } from '../sip/load.ts';

export interface SoakOptions {
  readonly minutes: number;
  /** Of saturation, 0 to 1. */
  readonly share: number;
  readonly workers?: number;
}

const FIRST_CALLS_PER_SECOND = 500;
const STEP_FACTOR = 1.25;
const STEP_SECONDS = 3;

/** An edge that uses this much of each of its cores has no room for bursts: it is saturated. */
const SATURATED_CORES = 0.9;

/** Below this much of the rate that was asked for, the load generator or the machine is at its end. */
const LOWEST_ACHIEVED_SHARE = 0.8;

const SAMPLE_INTERVAL_MILLISECONDS = 5000;

/** Growth is counted from here, when caches and transaction tables are full; of a short run, from a quarter of it. */
const SETTLING_MILLISECONDS = 60_000;

/** Finds how much the gateway can take, and then has it work at a share of that for a long time, with an eye on its memory. */
export async function benchSoak({ minutes, share, workers }: SoakOptions): Promise<void> {
  const edges = await Edges.start(workers === undefined ? {} : { workers });
  const server = new Server(edges.folder, 'message-server', edges.targetPort);
  try {
    const saturation = await findSaturation(edges, workers ?? 1);
    const callsPerSecond = Math.max(1, Math.floor(saturation * share));
    const calls = Math.round(minutes * 60 * callsPerSecond);
    progress(`saturated at ${saturation} calls/s; now ${callsPerSecond} calls/s for ${minutes} minutes`);
    const memory = new MemorySampler(edges.osgate.pid, 'resident', SAMPLE_INTERVAL_MILLISECONDS);
    const soaked = await measure(edges.osgate, load(calls, callsPerSecond), edges.folder);
    await memory.stop();
    for (const { at, bytes } of memory.samples) {
      progress(`${(at / 1000).toFixed(0)} s: ${(bytes / 1e6).toFixed(1)} MB`);
    }
    const { settled, last } = ends(memory.samples, minutes * 60_000);
    printFigure({ name: 'soak.saturation_calls_per_s', unit: 'calls/s', osgate: saturation });
    printFigure({ name: 'soak.calls_per_s', unit: 'calls/s', osgate: soaked.achievedCallsPerSecond });
    printFigure({ name: 'soak.cores', unit: 'cores', osgate: soaked.cores });
    printFigure({ name: 'soak.memory_mb', unit: 'MB', osgate: last / 1e6 });
    printFigure({ name: 'soak.memory_growth_percent', unit: '%', osgate: (last / settled - 1) * 100 });
    printFigure({ name: 'soak.failed', unit: 'calls', osgate: soaked.failedCalls });
  } finally {
    await server.stop();
    await edges.stop();
  }
}

/** The highest rate, in short steps, at which no call failed and the gateway had something of its cores left. */
async function findSaturation(edges: Edges, workers: number): Promise<number> {
  // Not judged: the just-in-time compiler has its first look.
  await measure(edges.osgate, load(4000, 1000), edges.folder);
  let highest = 0;
  for (let rate = FIRST_CALLS_PER_SECOND; ; rate = Math.round(rate * STEP_FACTOR)) {
    const step = await measure(edges.osgate, load(rate * STEP_SECONDS, rate), edges.folder);
    progress(`${rate} calls/s: ${step.cores.toFixed(2)} cores, ${step.failedCalls} failed`);
    const reason = end(step, rate, workers);
    if (reason === undefined) {
      highest = rate;
      continue;
    }
    progress(`the end: ${reason}`);
    // Even the first step was too much: then its share of a core says how much would not have been.
    return highest === 0 ? Math.floor((rate * SATURATED_CORES * workers) / Math.max(step.cores, 1)) : highest;
  }
}

function end(step: Measurement, rate: number, workers: number): string | undefined {
  if (step.failedCalls > 0) return 'calls fail';
  if (step.cores >= SATURATED_CORES * workers) return 'the gateway uses its cores';
  if (step.achievedCallsPerSecond < rate * LOWEST_ACHIEVED_SHARE) return 'the load generator cannot keep up';
  return undefined;
}

function load(calls: number, callsPerSecond: number): Load {
  return { scenario: 'message', calls, callsPerSecond };
}

/** Octets when the memory had settled and at the end, each the median of several samples. */
function ends(samples: readonly MemorySample[], milliseconds: number): { settled: number; last: number } {
  const from = Math.min(SETTLING_MILLISECONDS, milliseconds / 4);
  const behind = samples.filter(({ at }) => at >= from && at <= milliseconds).map(({ bytes }) => bytes);
  const several = Math.max(1, Math.min(6, Math.floor(behind.length / 3)));
  return { settled: median(behind.slice(0, several)), last: median(behind.slice(-several)) };
}
