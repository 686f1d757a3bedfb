import { expect } from 'chai';
import fc from 'fast-check';

import { TimerQueue, type Timed } from '../../../dtls/endpoint/timer-queue.ts';

class Thing implements Timed {
  dueAt = Number.POSITIVE_INFINITY;
  queueIndex = -1;
  fired: number[] = [];
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  onDue(): void {
    this.fired.push(this.#now());
  }
}

describe('timer queue', () => {
  it('fires the others as well when one of them throws', async () => {
    let now = 0;
    const queue = new TimerQueue(() => now);
    const [first, second] = [new Thing(() => now), new Thing(() => now)];
    first.onDue = () => {
      throw new Error('of a listener');
    };
    queue.set(first, 10);
    queue.set(second, 20);
    now = 10;
    expect(() => {
      queue.run();
    }).to.throw('of a listener');
    now = 20;
    const deadline = Date.now() + 2000;
    while (second.fired.length === 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(second.fired).to.deep.equal([20]);
  });

  it('fires each thing once, when it is due, whatever the order in which they were set, moved and taken out', () => {
    const step = fc.record({ thing: fc.nat(9), at: fc.option(fc.integer({ min: 1, max: 50 }), { nil: undefined }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let now = 0;
        const queue = new TimerQueue(() => now);
        const things = Array.from({ length: 10 }, () => new Thing(() => now));
        const expected = new Map<number, number>();
        for (const { thing, at } of steps) {
          const timed = things[thing];
          if (timed === undefined) continue;
          queue.set(timed, at);
          if (at === undefined) expected.delete(thing);
          else expected.set(thing, at);
        }
        expect(queue.size).to.equal(expected.size);
        for (now = 1; now <= 50; now++) queue.run();
        for (const [index, { fired }] of things.entries()) {
          const at = expected.get(index);
          expect(fired).to.deep.equal(at === undefined ? [] : [at]);
        }
        expect(queue.size).to.equal(0);
        queue.clear();
      }),
    );
  });

  it('wakes up by itself', async () => {
    const queue = new TimerQueue(() => performance.now());
    const thing = new Thing(() => performance.now());
    const due = performance.now() + 5;
    queue.set(thing, due + 100_000);
    queue.set(thing, due);
    const deadline = Date.now() + 5000;
    while (thing.fired.length === 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 2));
    expect(thing.fired[0]).to.be.at.least(due);
  });

  it('lets a thing be set again while it fires', () => {
    let now = 0;
    const queue = new TimerQueue(() => now);
    const fired: number[] = [];
    const thing: Timed = {
      dueAt: Number.POSITIVE_INFINITY,
      queueIndex: -1,
      onDue: () => {
        fired.push(now);
        if (now < 30) queue.set(thing, now + 10);
      },
    };
    queue.set(thing, 10);
    for (now = 1; now < 100; now++) queue.run();
    expect(fired).to.deep.equal([10, 20, 30]);
    expect(queue.size).to.equal(0);
  });
});
