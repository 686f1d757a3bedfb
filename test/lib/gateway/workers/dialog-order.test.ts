import { expect } from 'chai';

import { DialogOrder } from '../../../../lib/gateway/workers/dialog-order.ts';
import { VirtualScheduler } from '../../../support/virtual-scheduler.ts';

describe('the order of a dialog between workers', () => {
  it('lets a request wait until the response before it is done, and no other one', () => {
    const order = new DialogOrder(new VirtualScheduler());
    const resumed: string[] = [];
    order.expect('a');
    expect(order.hold('b', () => resumed.push('b'))).to.equal(false);
    expect(order.hold('a', () => resumed.push('a1'))).to.equal(true);
    expect(order.hold('a', () => resumed.push('a2'))).to.equal(true);
    expect(resumed).to.deep.equal([]);
    order.done('a');
    expect(resumed).to.deep.equal(['a1', 'a2']);
    expect(order.isPending).to.equal(false);
  });

  it('waits for all responses: 180 and 200', () => {
    const order = new DialogOrder(new VirtualScheduler());
    const resumed: string[] = [];
    order.expect('a');
    order.expect('a');
    order.hold('a', () => resumed.push('bye'));
    order.done('a');
    expect(resumed).to.deep.equal([]);
    order.done('a');
    expect(resumed).to.deep.equal(['bye']);
  });

  it('does not wait for ever', () => {
    const scheduler = new VirtualScheduler();
    const order = new DialogOrder(scheduler);
    let resumed = false;
    order.expect('a');
    order.hold('a', () => (resumed = true));
    scheduler.advance(500);
    expect(resumed).to.equal(true);
    expect(order.counters).to.deep.equal({ held: 1, late: 1, unordered: 0 });
    expect(order.isPending).to.equal(false);
  });

  it('keeps a bounded number in mind, and lets the rest go unordered', () => {
    const order = new DialogOrder(new VirtualScheduler());
    for (let count = 0; count < 10_000; count++) order.expect(`call ${count}`);
    expect(order.expect('one more')).to.equal(false);
    expect(order.counters.unordered).to.equal(1);
  });
});
