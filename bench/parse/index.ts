import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { ScenarioError } from '../../scenarios/support/errors.ts';
import { median, printFigure, progress } from '../support/report.ts';
import { CONTESTANTS } from './contestants.ts';
import { BENCH_MESSAGES } from './messages.ts';

export interface ParseBenchOptions {
  readonly rounds: number;
  /** Of measuring, a round, a parser and a message. */
  readonly seconds: number;
}

const MEASURE = fileURLToPath(new URL('measure.ts', import.meta.url));

/** Reading and writing one message, ours beside the parsers of drachtio-srf and sip.js, in alternating rounds. */
export function benchParse({ rounds, seconds }: ParseBenchOptions): void {
  for (const message of Object.keys(BENCH_MESSAGES)) {
    const times = new Map<string, number[]>();
    const contestants = Object.keys(CONTESTANTS);
    for (let round = 1; round <= rounds; round++) {
      // Whoever comes last in one round comes first in the next.
      for (const contestant of round % 2 === 1 ? contestants : contestants.toReversed()) {
        const time = measure(contestant, message, seconds);
        times.set(contestant, [...(times.get(contestant) ?? []), time]);
        progress(`parse.${message} round ${round} ${contestant}: ${time.toFixed(2)} us`);
      }
    }
    const medians = Object.fromEntries([...times].map(([contestant, list]) => [contestant, median(list)]));
    const { osgate = Number.NaN, ...peers } = medians;
    printFigure({ name: `parse.${message}_us`, unit: 'us', osgate, peers });
  }
}

/** Microseconds for one message. */
function measure(contestant: string, message: string, seconds: number): number {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MEASURE, contestant, message, String(seconds)], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new ScenarioError(`measuring ${contestant} failed:\n${stderr}`);
  return Number(stdout);
}
