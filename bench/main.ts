// `npm run bench -- GROUP [options]`: measures osgate beside real peers in the same run. One JSON object a line on standard
// output, progress on standard error; docs/performance.md keeps what it said, with the command that says it again.
import { parseArgs } from 'node:util';

import { benchAvalanche } from './avalanche/index.ts';
import { benchFlood } from './flood/index.ts';
import { benchSip } from './sip/index.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '10' },
    rate: { type: 'string', default: '2000' },
    agents: { type: 'string', default: '100000' },
    datagrams: { type: 'string', default: '500000' },
    flood: { type: 'string', default: '20000' },
    spread: { type: 'string', default: '50' },
  },
});

const GROUPS: Readonly<Record<string, () => Promise<void>>> = {
  sip: () =>
    benchSip({
      rounds: Number(values.rounds),
      seconds: Number(values.seconds),
      callsPerSecond: Number(values.rate),
    }),
  flood: () =>
    benchFlood({
      datagrams: Number(values.datagrams),
      perSecond: Number(values.flood),
      rounds: Number(values.rounds),
    }),
  avalanche: () =>
    benchAvalanche({
      agents: Number(values.agents),
      known: 1000,
      spreadSeconds: Number(values.spread),
      limitSeconds: 90,
    }),
};

const [name = ''] = positionals;
const group = GROUPS[name];
if (group === undefined) {
  process.stderr.write(
    `usage: npm run bench -- ${Object.keys(GROUPS).join('|')} [--rounds N] [--seconds N] [--rate N] [--agents N] [--spread SECONDS] [--datagrams N] [--flood N]\n`,
  );
  process.exitCode = 2;
} else {
  await group();
}
