// `npm run bench -- GROUP [options]`: measures osgate beside real peers in the same run. One JSON object a line on standard
// output, progress on standard error; docs/performance.md keeps what it said, with the command that says it again.
import { parseArgs } from 'node:util';

import { benchSip } from './sip/index.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '10' },
    rate: { type: 'string', default: '2000' },
  },
});

const GROUPS: Readonly<Record<string, () => Promise<void>>> = {
  sip: () =>
    benchSip({
      rounds: Number(values.rounds),
      seconds: Number(values.seconds),
      callsPerSecond: Number(values.rate),
    }),
};

const [name = ''] = positionals;
const group = GROUPS[name];
if (group === undefined) {
  process.stderr.write(
    `usage: npm run bench -- ${Object.keys(GROUPS).join('|')} [--rounds N] [--seconds N] [--rate N]\n`,
  );
  process.exitCode = 2;
} else {
  await group();
}
