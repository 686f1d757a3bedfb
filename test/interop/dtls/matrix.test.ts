import { readFileSync, writeFileSync } from 'node:fs';

import { expect } from 'chai';

import { FOREIGN_PEERS } from './peers/all.ts';
import { casesOf, wayOf, type Case } from './support/case.ts';
import { Credentials } from './support/credentials.ts';
import { LookAhead } from './support/look-ahead.ts';
import { OWN_ROWS } from './support/own-rows.ts';
import { interopPage } from './support/page.ts';
import { FEATURE_ROWS, NETWORK_ROWS, SUITE_ROWS } from './support/rows.ts';
import { haveSession } from './support/session.ts';

const PAGE = new URL('../../../docs/dtls-interop.md', import.meta.url);

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
  const failed = new Set<unknown>();

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
        it(`${one.row}: ${wayOf(one)}`, () => known(one, lookAhead.result(one)));
      }
    });
  }

  describe('connection ids and tshark', () => {
    for (const row of OWN_ROWS) {
      it(row.title, () => known(row, row.run(credentials)));
    }
  });

  it('docs/dtls-interop.md says what was found (OSGATE_WRITE_PAGES=1 writes it)', async () => {
    const page = await interopPage({
      peers: FOREIGN_PEERS,
      cases: CASES,
      outcomeOf: (one) => (failed.has(one) ? 'FAILS' : 'works'),
      own: OWN_ROWS.map((row) => ({ title: row.title, outcome: failed.has(row) ? 'FAILS' : 'works' })),
    });
    if (process.env.OSGATE_WRITE_PAGES === '1') writeFileSync(PAGE, page);
    expect(readFileSync(PAGE, 'utf8')).to.equal(page);
    expect(page).not.to.contain('FAILS');
  });

  async function known(what: unknown, result: Promise<void>): Promise<void> {
    try {
      await result;
    } catch (error) {
      failed.add(what);
      throw error;
    }
  }
});
