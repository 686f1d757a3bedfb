import { expect } from 'chai';

import { offenceWeight, Offences } from '../../../../lib/sec1/admission/offences.ts';
import { Source } from '../../../../lib/sec1/admission/source.ts';

function setUp(maximumSources = 10) {
  const offences = new Offences({ maximumScore: 20, halfLifeSeconds: 60, banSeconds: 30, maximumSources });
  const source = new Source((octets) => Buffer.alloc(octets, 3));
  source.read('192.0.2.1', 5060, 0);
  const { words, flowHash } = source;
  return {
    offences,
    source,
    add: (weight: number, now: number) => {
      offences.add(words, flowHash, weight, now);
    },
    isBanned: (now: number) => offences.isBanned(words, flowHash, now),
  };
}

describe('admission: offences', () => {
  it('lesson 20: what an honest agent can bring about weighs nothing; the outcomes are told apart', () => {
    for (const reason of ['stale', 'no-credentials', 'expired-key', 'key-centre-unavailable', 'overloaded'] as const) {
      expect(offenceWeight(reason), reason).to.equal(0);
    }
    expect(offenceWeight('wrong-key')).to.be.above(offenceWeight('unknown-user'));
    expect(offenceWeight('unknown-user')).to.be.above(offenceWeight('replay'));
    expect(offenceWeight('replay')).to.be.above(0);
  });

  it('bans for a bounded time when the score is reached', () => {
    const { offences, add, isBanned } = setUp();
    for (let count = 0; count < 4; count++) add(4, 0);
    expect(isBanned(0)).to.equal(false);
    add(4, 0);
    expect(isBanned(0)).to.equal(true);
    expect(offences.banned(0)).to.equal(1);
    expect(isBanned(29_999)).to.equal(true);
    expect(isBanned(30_000)).to.equal(false);
    expect(offences.banned(30_000)).to.equal(0);
    expect(offences.counters.bans).to.equal(1);
  });

  it('forgets with time: the same number of mistakes spread out does not ban', () => {
    const { add, isBanned } = setUp();
    for (let minute = 0; minute < 100; minute++) {
      add(8, minute * 60_000);
      expect(isBanned(minute * 60_000)).to.equal(false);
    }
  });

  it('a good credential pays off', () => {
    const { offences, source, add, isBanned } = setUp();
    for (let count = 0; count < 50; count++) {
      add(4, 0);
      offences.forgive(source.words, source.flowHash, 4, 0);
    }
    expect(isBanned(0)).to.equal(false);
  });

  it('counts what it has no room for, and keeps the scores that it has', () => {
    const { offences, add, isBanned } = setUp(2);
    for (let count = 0; count < 5; count++) add(4, 0);
    const stranger = new Source((octets) => Buffer.alloc(octets, 3));
    for (let port = 0; port < 10; port++) {
      stranger.read('198.51.100.1', port, 0);
      offences.add(stranger.words, stranger.flowHash, 20, 0);
    }
    expect(offences.counters['ban-table-full']).to.equal(9);
    expect(isBanned(1)).to.equal(true);
  });
});
