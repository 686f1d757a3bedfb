import { expect } from 'chai';
import fc from 'fast-check';

import { ReplayWindow } from '../../../dtls/record/replay-window.ts';

describe('the replay window', () => {
  it('takes each number once, in any order within 64', () => {
    const window = new ReplayWindow();
    const seen = new Set<number>();
    for (const sequence of [5, 0, 68, 5, 67, 4, 68, 131]) {
      const fresh = window.isFresh(sequence);
      expect(fresh, String(sequence)).to.equal([5, 0, 68, 67, 131].includes(sequence) && !seen.has(sequence));
      if (!fresh) continue;
      window.accept(sequence);
      seen.add(sequence);
    }
    expect(window.isFresh(67)).to.equal(false);
    expect(window.isFresh(69)).to.equal(true);
  });

  it('moves only for what was accepted', () => {
    const window = new ReplayWindow();
    window.accept(3);
    expect(window.isFresh(2 ** 48 - 1)).to.equal(true);
    expect(window.isNewest(2 ** 48 - 1)).to.equal(true);
    expect(window.isFresh(0)).to.equal(true);
    expect(window.isNewest(3)).to.equal(false);
    expect(window.newest).to.equal(3);
  });

  it('says the same as a set of all numbers ever seen', () => {
    const steps = fc.array(fc.integer({ min: -80, max: 80 }), { maxLength: 200 });
    fc.assert(
      fc.property(steps, fc.constantFrom(100, 2 ** 31 - 20, 2 ** 32, 2 ** 47), (moves, base) => {
        let window = new ReplayWindow();
        const all = new Set<number>();
        let newest = base;
        for (const move of moves) {
          const sequence = newest + move;
          if (sequence < 0) continue;
          const highest = all.size === 0 ? -1 : Math.max(...all);
          const expected = !all.has(sequence) && sequence > highest - 64;
          expect(window.isFresh(sequence), String(sequence)).to.equal(expected);
          if (!expected) continue;
          window.accept(sequence);
          all.add(sequence);
          newest = Math.max(newest, sequence);
          window = ReplayWindow.restore(window.save());
        }
      }),
    );
  });
});
