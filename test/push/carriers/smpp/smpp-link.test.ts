import { Duplex } from 'node:stream';

import { expect } from 'chai';

import { smppCarrier } from '../../support/smpp-settings.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

describe('push: the connection to an SMSC that is not there', () => {
  const attempts = async (random: number): Promise<number[]> => {
    const clock = new VirtualClock(0);
    const times: number[] = [];
    const connect = (): Duplex => {
      times.push(clock.now());
      const stream = new Duplex({ read: () => undefined });
      queueMicrotask(() => stream.destroy(new Error('refused')));
      return stream;
    };
    const settings = { initialReconnectMilliseconds: 100, maximumReconnectMilliseconds: 500 };
    const carrier = await smppCarrier(1, settings, { connect, clock, random: () => random });
    for (let step = 0; step < 200; step++) {
      await new Promise((resolve) => setImmediate(resolve));
      await clock.advance(10);
    }
    await carrier.close();
    return times.slice(0, 6);
  };

  it('is tried again after a time that doubles up to its bound', async () => {
    expect(await attempts(1)).to.deep.equal([0, 100, 300, 700, 1200, 1700]);
  });

  it('is tried sooner by chance, by half at most', async () => {
    expect(await attempts(0)).to.deep.equal([0, 50, 150, 350, 600, 850]);
  });
});
