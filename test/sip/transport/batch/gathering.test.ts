import { expect } from 'chai';

import { Gathering } from '../../../../sip/transport/batch/gathering.ts';

describe('gathering of datagrams', () => {
  let now = 0;
  const gatheringOf = (milliseconds: number): Gathering => new Gathering(milliseconds, () => now);

  /** True when it stood still, which it does for a quarter of the time that it may at the least. */
  function waits(gathering: Gathering, milliseconds: number): boolean {
    const before = performance.now();
    gathering.wait();
    return performance.now() - before > milliseconds / 4;
  }

  it('waits for others only where at the pace of the last turn another one comes in time', () => {
    const gathering = gatheringOf(20);
    now = 1000;
    expect(waits(gathering, 20), 'the first of all').to.equal(false);
    gathering.count(1);
    now += 19;
    expect(waits(gathering, 20), 'one in 19 ms').to.equal(true);
    gathering.count(1);
    now += 21;
    expect(waits(gathering, 20), 'one in 21 ms').to.equal(false);
    gathering.count(2);
    now += 21;
    expect(waits(gathering, 20), 'two in 21 ms').to.equal(true);
    gathering.count(15);
    now += 10_000;
    expect(waits(gathering, 20), 'a burst long ago').to.equal(false);
    gathering.count(16);
    now += 19;
    expect(waits(gathering, 20), 'so many that waiting for more would lose time').to.equal(false);
  });

  it('never waits where it may not', () => {
    const gathering = gatheringOf(0);
    for (let count = 0; count < 3; count++) {
      expect(waits(gathering, 1)).to.equal(false);
      gathering.count(8);
    }
  });
});
