import { FOREIGN_PEERS } from './peers/all.ts';
import { casesOf, wayOf, type Case } from './support/case.ts';
import { Credentials } from './support/credentials.ts';
import { LookAhead } from './support/look-ahead.ts';
import { FEATURE_ROWS, NETWORK_ROWS, SUITE_ROWS } from './support/rows.ts';
import { haveSession } from './support/session.ts';

const CASES: readonly Case[] = [
  ...casesOf('suites', SUITE_ROWS, FOREIGN_PEERS),
  ...casesOf('features', FEATURE_ROWS, FOREIGN_PEERS),
  ...casesOf('network', NETWORK_ROWS, FOREIGN_PEERS),
];

const HEADINGS = { suites: 'cipher suites', features: 'features', network: 'over a bad network' } as const;

describe('dtls interop', function () {
  this.timeout(120_000);
  let credentials: Credentials;
  const lookAheads: LookAhead<Case>[] = [];

  before(async () => {
    credentials = await Credentials.make();
  });

  after(async () => {
    await Promise.all(lookAheads.map((lookAhead) => lookAhead.settle()));
    credentials.remove();
  });

  for (const table of ['suites', 'features', 'network'] as const) {
    describe(HEADINGS[table], () => {
      const possible = CASES.filter((one) => one.table === table && !('cannot' in one.plan));
      // Over a bad network everybody waits for timers most of the time.
      const lookAhead = new LookAhead(possible, table === 'network' ? 10 : 4, async ({ peer, direction, plan }) => {
        if (!('cannot' in plan)) await haveSession(peer, direction, plan, credentials);
      });
      lookAheads.push(lookAhead);
      for (const one of possible) {
        it(`${one.row}: ${wayOf(one)}`, () => lookAhead.result(one));
      }
    });
  }
});
