// `npm run bench -- GROUP [options]`: measures osgate beside real peers in the same run. One JSON object a line on standard
// output, progress on standard error; docs/performance.md keeps what it said, with the command that says it again.
import { parseArgs } from 'node:util';

import { benchAvalanche } from './avalanche/index.ts';
import { benchDtls, DTLS_PARTS } from './dtls/index.ts';
import { benchDtlsFlood } from './dtls-flood/index.ts';
import { benchEdge } from './edge/index.ts';
import { benchFlood } from './flood/index.ts';
import { benchFlow } from './flow/index.ts';
import { benchParse } from './parse/index.ts';
import { benchPush } from './push/index.ts';
import { benchSip, SIP_PARTS } from './sip/index.ts';
import { benchSoak } from './soak/index.ts';

const USAGE = `usage: npm run bench -- sip       [--only ${SIP_PARTS.join('|')}] [--rounds N] [--seconds N] [--rate N] [--workers N]
       npm run bench -- dtls      [--only ${DTLS_PARTS.join('|')}] [--rounds N]
       npm run bench -- parse     [--rounds N] [--seconds N]
       npm run bench -- edge      [--rounds N]
       npm run bench -- flow
       npm run bench -- soak      [--minutes N] [--share 0.N] [--workers N]
       npm run bench -- flood     [--datagrams N] [--flood DATAGRAMS_PER_SECOND] [--rounds N]
       npm run bench -- dtls-flood
       npm run bench -- push      [--rounds N] [--rate PACED_PUSHES_PER_SECOND]
       npm run bench -- avalanche [--agents N] [--spread SECONDS]
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '10' },
    rate: { type: 'string', default: '2000' },
    agents: { type: 'string', default: '100000' },
    datagrams: { type: 'string', default: '500000' },
    flood: { type: 'string', default: '20000' },
    spread: { type: 'string', default: '50' },
    minutes: { type: 'string', default: '10' },
    share: { type: 'string', default: '0.7' },
    workers: { type: 'string' },
  },
});

/** Both groups take it; a gateway that does not know the key refuses its configuration. */
const workers = values.workers === undefined ? {} : { workers: Number(values.workers) };

/** In each round: half a second's work. */
const EDGE_EXCHANGES = 10_000;

const GROUPS: Readonly<Record<string, () => Promise<void> | void>> = {
  dtls: () => benchDtls({ rounds: Number(values.rounds), ...(values.only === undefined ? {} : { only: values.only }) }),
  edge: () => benchEdge({ rounds: Number(values.rounds), exchanges: EDGE_EXCHANGES }),
  flow: benchFlow,
  parse: () => {
    benchParse({ rounds: Number(values.rounds), seconds: Number(values.seconds) / 10 });
  },
  sip: () =>
    benchSip({
      rounds: Number(values.rounds),
      seconds: Number(values.seconds),
      callsPerSecond: Number(values.rate),
      ...(values.only === undefined ? {} : { only: values.only }),
      ...workers,
    }),
  soak: () => benchSoak({ minutes: Number(values.minutes), share: Number(values.share), ...workers }),
  flood: () =>
    benchFlood({
      datagrams: Number(values.datagrams),
      perSecond: Number(values.flood),
      rounds: Number(values.rounds),
    }),
  // At a fraction of the rate of the other groups: beside the gateway, a thousand agents and the initiator have to work.
  push: () =>
    benchPush({ agents: 1000, rounds: Number(values.rounds), pushes: 2000, perSecond: Number(values.rate) / 40 }),
  'dtls-flood': () => benchDtlsFlood({ associations: 10_000, hellos: 50_000, garbage: 100_000 }),
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
const numbers = [
  ...[values.rounds, values.seconds, values.rate, values.minutes, values.share, values.workers ?? '1'],
  ...[values.agents, values.datagrams, values.flood, values.spread],
];
const parts = name === 'dtls' ? DTLS_PARTS : SIP_PARTS;
const understood =
  numbers.every((text) => Number(text) > 0) && (values.only === undefined || parts.includes(values.only));
if (group === undefined || !understood) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else {
  await group();
}
