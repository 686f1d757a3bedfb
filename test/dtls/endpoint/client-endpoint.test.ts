import { expect } from 'chai';

import type { DatagramTransport } from '../../../dtls/index.ts';
import { echo, MemoryWorld } from '../support/memory-world.ts';

describe('DTLS client', () => {
  it('leaves no transport open when it moves twice at once', async () => {
    const world = new MemoryWorld();
    world.serve();
    let open = 0;
    const client = await world.connect({
      transport: (receive): DatagramTransport => {
        const inner = world.network.open(world.nextPeer(), receive);
        open++;
        return {
          send: (datagram, peer) => {
            inner.send(datagram, peer);
          },
          close: async () => {
            open--;
            await inner.close();
          },
        };
      },
    });
    await Promise.all([client.rebind(), client.rebind()]);
    expect(open).to.equal(1);
    expect(await echo(client, 'moved')).to.equal('moved');
    await world.close();
    expect(open).to.equal(0);
  });
});
