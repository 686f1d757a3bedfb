import { setTimeout as delay } from 'node:timers/promises';

import { Edges, type Edge } from '../sip/edges.ts';
import { BootstrappedGateway } from '../support/bootstrapped-gateway.ts';
import { compiled } from '../support/compile.ts';
import { usageOf } from '../support/process-tree.ts';
import { median, printFigure, progress } from '../support/report.ts';
import { BackgroundProgram, runProgram } from '../support/run-program.ts';
import type { Scrape } from '../support/scrape.ts';
import { flood, missing } from './flood.ts';

export interface FloodBenchOptions {
  readonly datagrams: number;
  readonly perSecond: number;
  /** Rounds of the comparison with Kamailio. */
  readonly rounds: number;
}

/** Agents that are at work while the flood comes, each sending a request a second. */
const WORKING_AGENTS = 50;

/** Longer than the warm-up of the agents, so that the flood meets agents that are known. */
const HEAD_START_MILLISECONDS = 7000;

const SOURCES = { sockets: 128, addresses: 500 };

/** A flood on a gateway with agents at work, then the cost of one datagram of a milder one beside Kamailio's. */
export async function benchFlood(options: FloodBenchOptions): Promise<void> {
  await floodWithAgents(options);
  await costOfOne(options.rounds);
}

async function floodWithAgents({ datagrams, perSecond }: FloodBenchOptions): Promise<void> {
  const gateway = await BootstrappedGateway.start({ agents: WORKING_AGENTS });
  const server = new BackgroundProgram(await compiled('answerer'), [gateway.targetPort]);
  try {
    const file = await gateway.writeAgents();
    // Not measured: what the first flood makes the process keep, compiled code above all, is not given back.
    await flood(gateway, { ...SOURCES, datagrams: 50_000, perSecond: 10_000, kinds: 'gts' });
    await delay(5000);
    const before = await gateway.metrics();
    const seconds = HEAD_START_MILLISECONDS / 1000 + (perSecond > 0 ? datagrams / perSecond : 5);
    const agents = runProgram(await compiled('agents'), [gateway.port, file, WORKING_AGENTS, 0, seconds]);
    await delay(HEAD_START_MILLISECONDS);
    const books = await flood(gateway, { ...SOURCES, datagrams, perSecond, kinds: 'gts' });
    const working = await agents;
    progress(JSON.stringify(books));
    progress(JSON.stringify(working));
    // V8 gives memory back some time after work has ended.
    await delay(40_000);
    const after = await gateway.metrics();
    const figure = (name: string, unit: string, value: number | undefined): void => {
      printFigure({ name: `sip.flood.${name}`, unit, osgate: value ?? Number.NaN });
    };
    figure('sent', 'datagrams', books.sent);
    figure('per_s', 'datagrams/s', books.sent / books.seconds);
    figure('dropped_by_kernel', 'datagrams', books.kernelDrops);
    figure('dropped_by_rate', 'datagrams', books.rateLimited);
    figure('dropped_by_queue', 'datagrams', books.queueFull + books.queueTooOld);
    figure('served', 'datagrams', books.served);
    // What the agents send while the books are open is known or queued like the flood; only the inner sums must agree.
    figure('unaccounted', 'sums', missing(books, 0).filter((line) => !line.startsWith('sent')).length);
    figure('agent_requests', 'requests', working['knownSent']);
    figure('agent_failed', 'requests', working['knownFailed']);
    figure('agent_retransmissions', 'requests', working['knownRetransmissions']);
    figure('agent_p50_ms', 'ms', working['p50']);
    figure('agent_p99_ms', 'ms', working['p99']);
    const megabytes = (series: Scrape, name: string): number => (series.get(name) ?? Number.NaN) / 1e6;
    figure('rss_before_mb', 'MB', megabytes(before, 'process_resident_memory_bytes'));
    figure('rss_after_mb', 'MB', megabytes(after, 'process_resident_memory_bytes'));
    figure('heap_before_mb', 'MB', megabytes(before, 'nodejs_heap_size_used_bytes'));
    figure('heap_after_mb', 'MB', megabytes(after, 'nodejs_heap_size_used_bytes'));
  } finally {
    await server.stop();
    await gateway.stop();
  }
}

/** An unauthenticated MESSAGE, which both answer with 407, at a rate at which neither has to drop; the cost is that of one answer. */
async function costOfOne(rounds: number): Promise<void> {
  const edges = await Edges.start();
  const program = await compiled('flood');
  const results: Record<Edge['name'], number[]> = { osgate: [], kamailio: [] };
  const measure = async ({ pid, port }: Edge, datagrams: number): Promise<number> => {
    const before = usageOf(pid);
    const sender = await runProgram(program, [port, datagrams, 2000, SOURCES.sockets, SOURCES.addresses, 's']);
    const after = usageOf(pid);
    const answered = sender['received'] ?? 0;
    if (answered < datagrams) progress(`${port}: ${answered} of ${datagrams} answered`);
    return (after.cpuMicroseconds - before.cpuMicroseconds) / answered;
  };
  try {
    for (const edge of [edges.osgate, edges.kamailio]) await measure(edge, 6000);
    for (let round = 1; round <= rounds; round++) {
      const order = round % 2 === 1 ? [edges.osgate, edges.kamailio] : [edges.kamailio, edges.osgate];
      for (const edge of order) {
        const cost = await measure(edge, 10_000);
        results[edge.name].push(cost);
        progress(`round ${round} ${edge.name}: ${cost.toFixed(1)} us CPU a datagram`);
      }
    }
  } finally {
    await edges.stop();
  }
  printFigure({
    name: 'sip.flood.cpu_us',
    unit: 'us',
    osgate: median(results.osgate),
    peers: { kamailio: median(results.kamailio) },
  });
}
