import { median, percentile, printFigure, progress } from '../support/report.ts';
import { Edges, type Edge } from './edges.ts';
import { measure, Server, type Load, type Measurement } from './load.ts';

export interface SipBenchOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly callsPerSecond: number;
  /** The name of one of the parts; all where absent. */
  readonly only?: string;
  readonly workers?: number;
}

interface Part {
  readonly name: string;
  /** The server's scenario in bench/sip; the agents' has the name of the part. */
  readonly server: string;
  /** Calls of this kind in the time of one MESSAGE. */
  readonly rateShare: number;
  readonly probe: boolean;
}

const PARTS: readonly Part[] = [
  { name: 'message', server: 'message-server', rateShare: 1, probe: true },
  // Each dialog is five exchanges, so that the edge has about as much to do.
  { name: 'subscribe', server: 'subscribe-server', rateShare: 0.25, probe: false },
];

/** What `only` may say. */
export const SIP_PARTS = PARTS.map(({ name }) => name);

/** Calls before the measured ones: the just-in-time compiler and the key cache have their first look. */
const WARM_UP_CALLS = 20_000;

/** The same load through osgate and Kamailio in turn, in alternating rounds. */
export async function benchSip(options: SipBenchOptions): Promise<void> {
  const { only, workers } = options;
  const edges = await Edges.start(workers === undefined ? {} : { workers });
  try {
    for (const part of PARTS) if (only === undefined || part.name === only) await benchPart(part, edges, options);
  } finally {
    await edges.stop();
  }
}

async function benchPart(part: Part, edges: Edges, options: SipBenchOptions): Promise<void> {
  const { name, probe } = part;
  const server = new Server(edges.folder, part.server, edges.targetPort);
  const callsPerSecond = Math.max(1, Math.round(options.callsPerSecond * part.rateShare));
  const load: Load = { scenario: name, calls: options.seconds * callsPerSecond, callsPerSecond, probe };
  const results: Record<Edge['name'], Measurement[]> = { osgate: [], kamailio: [] };
  try {
    const warmUp = { ...load, calls: Math.round(WARM_UP_CALLS * part.rateShare), probe: false };
    for (const edge of [edges.osgate, edges.kamailio]) await measure(edge, warmUp, edges.folder);
    for (let round = 1; round <= options.rounds; round++) {
      // Whoever comes second in one round comes first in the next.
      const order = round % 2 === 1 ? [edges.osgate, edges.kamailio] : [edges.kamailio, edges.osgate];
      for (const edge of order) {
        const measured = await measure(edge, load, edges.folder);
        results[edge.name].push(measured);
        progress(`${name} round ${round} ${edge.name}: ${describe(measured)}`);
      }
    }
  } finally {
    await server.stop();
  }
  const figure = (kind: string, unit: string, value: (measured: Measurement) => number): void => {
    printFigure({
      name: `sip.${name}.${kind}`,
      unit,
      osgate: median(results.osgate.map(value)),
      peers: { kamailio: median(results.kamailio.map(value)) },
    });
  };
  figure('cpu_us', 'us', (measured) => measured.cpuMicrosecondsPerCall);
  if (probe) {
    figure('p50_ms', 'ms', (measured) => percentile(measured.milliseconds, 0.5));
    figure('p99_ms', 'ms', (measured) => percentile(measured.milliseconds, 0.99));
  }
  figure('memory_mb', 'MB', (measured) => measured.memoryBytes / 1e6);
  figure('failed', 'calls', (measured) => measured.failedCalls);
}

function describe(measured: Measurement): string {
  const { milliseconds, achievedCallsPerSecond, failedCalls, cores } = measured;
  const cpu = `${measured.cpuMicrosecondsPerCall.toFixed(1)} us CPU a call`;
  const system = `${measured.systemMicrosecondsPerCall.toFixed(1)} of it in the kernel`;
  const times =
    milliseconds.length === 0
      ? ''
      : `, p50 ${percentile(milliseconds, 0.5).toFixed(2)} ms, p99 ${percentile(milliseconds, 0.99).toFixed(2)} ms`;
  const rate = `${achievedCallsPerSecond.toFixed(0)} calls/s, ${cores.toFixed(2)} cores`;
  return `${cpu} (${system})${times}, ${rate}, ${(measured.memoryBytes / 1e6).toFixed(0)} MB, ${failedCalls} failed`;
}
