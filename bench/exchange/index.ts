import { median, printFigure, progress } from '../support/report.ts';
import { Exchange } from './exchange.ts';

/** What an authenticated exchange costs without sockets, step by step: where the edge itself spends its time. */
export async function benchExchange({ rounds }: { readonly rounds: number }): Promise<void> {
  const steps = { challenge: [] as number[], forward: [] as number[], answer: [] as number[] };
  const exchange = new Exchange();
  await exchange.run(1);
  for (let round = 0; round < rounds + 2; round++) {
    const times = await exchange.run(Number(process.env.BATCH ?? 5000));
    // The first two warm the just-in-time compiler up.
    if (round < 2) continue;
    for (const step of ['challenge', 'forward', 'answer'] as const) steps[step].push(times[step]);
    progress(`round ${round - 1}: ${JSON.stringify(times)}`);
  }
  exchange.close();
  for (const step of ['challenge', 'forward', 'answer'] as const) {
    printFigure({ name: `exchange.${step}_us`, unit: 'us', osgate: median(steps[step]) });
  }
}
