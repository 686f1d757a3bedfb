import { expect } from 'chai';
import fc from 'fast-check';

import { TimerWheel } from '../../../sip/index.ts';

describe('timer wheel', () => {
  it('fires each timer once, not before its time and at most one tick later, also beyond one turn', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 200_000 }), { maxLength: 50 }), (delays) => {
        let now = 7;
        const wheel = new TimerWheel({ now: () => now, tickMilliseconds: 10 });
        const fired: number[] = [];
        const start = now;
        delays.forEach((delay) =>
          wheel.schedule(delay, () => {
            fired.push(delay);
            expect(now - start).to.be.within(delay, delay + 20);
          }),
        );
        while (now < 201_000) {
          now += 10;
          wheel.advance();
        }
        expect(fired.length).to.equal(delays.length);
        expect(wheel.size).to.equal(0);
      }),
      { numRuns: 10 },
    );
  });

  it('does not fire what was cancelled, also from within a callback of the same tick', () => {
    let now = 0;
    const wheel = new TimerWheel({ now: () => now });
    const fired: string[] = [];
    const timers = ['a', 'b', 'c', 'd'].map((name) =>
      wheel.schedule(100, () => {
        fired.push(name);
        for (const timer of timers) timer.cancel();
      }),
    );
    now = 200;
    wheel.advance();
    expect(fired.length).to.equal(1);
    expect(wheel.size).to.equal(0);
  });

  it('fires everything that came due while it stood still, once', () => {
    let now = 0;
    const wheel = new TimerWheel({ now: () => now });
    let fired = 0;
    for (let delay = 0; delay < 100_000; delay += 500) wheel.schedule(delay, () => fired++);
    now = 1_000_000;
    wheel.advance();
    expect(fired).to.equal(200);
  });
});
