import { median, printFigure, progress } from '../support/report.ts';
import { Edges, type Edge } from './edges.ts';
import { measure, Server, type Load, type Measurement } from './load.ts';

export interface SipBenchOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly callsPerSecond: number;
}

/** The same load through osgate and Kamailio in turn, in alternating rounds. */
export async function benchSip({ rounds, seconds, callsPerSecond }: SipBenchOptions): Promise<void> {
  const edges = await Edges.start();
  const server = new Server(edges.folder, 'message-server', edges.targetPort);
  const load: Load = { scenario: 'message', calls: seconds * callsPerSecond, callsPerSecond };
  const results: Record<Edge['name'], Measurement[]> = { osgate: [], kamailio: [] };
  try {
    // Not measured: the just-in-time compiler and the key cache have their first look.
    for (const edge of [edges.osgate, edges.kamailio]) await measure(edge, { ...load, calls: 4000 }, edges.folder);
    for (let round = 1; round <= rounds; round++) {
      // Whoever comes second in one round comes first in the next.
      const order = round % 2 === 1 ? [edges.osgate, edges.kamailio] : [edges.kamailio, edges.osgate];
      for (const edge of order) {
        const measured = await measure(edge, load, edges.folder);
        results[edge.name].push(measured);
        progress(`round ${round} ${edge.name}: ${describe(measured)}`);
      }
    }
  } finally {
    await server.stop();
    await edges.stop();
  }
  const figure = (name: string, unit: string, value: (measured: Measurement) => number): void => {
    printFigure({
      name,
      unit,
      osgate: median(results.osgate.map(value)),
      peers: { kamailio: median(results.kamailio.map(value)) },
    });
  };
  figure('sip.message.cpu_us', 'us', (measured) => measured.cpuMicrosecondsPerCall);
  figure('sip.message.p50_ms', 'ms', (measured) => measured.p50Milliseconds);
  figure('sip.message.p99_ms', 'ms', (measured) => measured.p99Milliseconds);
  figure('sip.message.memory_mb', 'MB', (measured) => measured.memoryBytes / 1e6);
  figure('sip.message.failed', 'calls', (measured) => measured.failedCalls);
}

function describe({
  cpuMicrosecondsPerCall,
  systemMicrosecondsPerCall,
  p50Milliseconds,
  p99Milliseconds,
  failedCalls,
}: Measurement): string {
  const times = `p50 ${p50Milliseconds.toFixed(2)} ms, p99 ${p99Milliseconds.toFixed(2)} ms`;
  return `${cpuMicrosecondsPerCall.toFixed(1)} us CPU a call (${systemMicrosecondsPerCall.toFixed(1)} of it in the kernel), ${times}, ${failedCalls} failed`;
}
