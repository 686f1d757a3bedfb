import { BackgroundProgram, runProgram } from '../support/run-program.ts';
import { BootstrappedGateway } from '../support/bootstrapped-gateway.ts';
import { compiled } from '../support/compile.ts';
import { usageOf } from '../support/process-tree.ts';
import { printFigure, progress } from '../support/report.ts';
import { kernelDrops } from '../support/scrape.ts';

export interface AvalancheOptions {
  /** Agents that return. */
  readonly agents: number;
  /** Agents that are known and go on working. */
  readonly known: number;
  /** In which time those who return send their first request. */
  readonly spreadSeconds: number;
  /** How long it may take until all are in. */
  readonly limitSeconds: number;
}

/** Agents that lost their gateway all return together, while others, who are known to it, go on working. */
export async function benchAvalanche(options: AvalancheOptions): Promise<void> {
  const { agents, known, spreadSeconds, limitSeconds } = options;
  progress(`bootstrapping ${agents + known} agents`);
  const gateway = await BootstrappedGateway.start({ agents: agents + known });
  const server = new BackgroundProgram(await compiled('answerer'), [gateway.targetPort]);
  try {
    const file = await gateway.writeAgents();
    const before = usageOf(gateway.process.pid);
    const result = await runProgram(await compiled('agents'), [gateway.port, file, known, spreadSeconds, limitSeconds]);
    const after = usageOf(gateway.process.pid);
    const metrics = await gateway.metrics();
    for (const [series, value] of metrics) {
      if (value > 0 && series.startsWith('osgate_')) progress(`${series} ${value}`);
    }
    progress(`kernel drops ${await kernelDrops(gateway.port)}`);
    const figure = (name: string, unit: string, value: number | undefined): void => {
      printFigure({ name: `sip.avalanche.${name}`, unit, osgate: value ?? Number.NaN });
    };
    figure('agents', 'agents', result['agents']);
    figure('in', 'agents', result['in']);
    figure('seconds', 's', result['seconds']);
    figure('retransmissions', 'requests', result['retransmissions']);
    figure('refused', 'requests', (result['refused'] ?? 0) + (result['busy'] ?? 0));
    figure('timeouts', 'requests', result['timeouts']);
    figure('known_requests', 'requests', result['knownSent']);
    figure('known_failed', 'requests', result['knownFailed']);
    figure('known_retransmissions', 'requests', result['knownRetransmissions']);
    figure('known_p50_ms', 'ms', result['p50']);
    figure('known_p99_ms', 'ms', result['p99']);
    figure('known_max_ms', 'ms', result['max']);
    figure('cpu_s', 's', (after.cpuMicroseconds - before.cpuMicroseconds) / 1e6);
    figure('memory_before_mb', 'MB', before.memoryBytes / 1e6);
    figure('memory_after_mb', 'MB', after.memoryBytes / 1e6);
  } finally {
    await server.stop();
    await gateway.stop();
  }
}
