import { expect } from 'chai';

import { SubmitWindow } from '../../../../push/carriers/smpp/submit-window.ts';
import { SYSTEM_CLOCK } from '../../../../push/dispatch/clock.ts';
import { until } from '../../support/smpp-settings.ts';

describe('push: the window of submits', () => {
  it('begins only so many in a second, in their order', async () => {
    const waits: number[] = [];
    const clock: typeof SYSTEM_CLOCK = {
      now: () => SYSTEM_CLOCK.now(),
      after(milliseconds, work) {
        waits.push(milliseconds);
        return SYSTEM_CLOCK.after(milliseconds, work);
      },
    };
    const window = new SubmitWindow({ maximumOutstanding: 2, maximumWaiting: 10, perSecond: 20, clock });
    const begun: number[] = [];
    for (const number of [1, 2, 3, 4]) {
      window.run((finished) => {
        begun.push(number);
        finished();
      });
    }
    expect(begun).to.deep.equal([1, 2]);
    expect(window.waiting).to.equal(2);
    await until(() => begun.length === 4);
    expect(begun).to.deep.equal([1, 2, 3, 4]);
    expect(waits[0]).to.be.within(1, 50);
  });

  it('begins at once what waits when it is released, and all that comes after', () => {
    const window = new SubmitWindow({ maximumOutstanding: 1, maximumWaiting: 10, perSecond: 1, clock: SYSTEM_CLOCK });
    const begun: number[] = [];
    for (const number of [1, 2]) window.run(() => begun.push(number));
    window.release();
    window.run(() => begun.push(3));
    expect(begun).to.deep.equal([1, 2, 3]);
  });
});
