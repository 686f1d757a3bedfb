import { expect } from 'chai';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

import { SocketHolder } from '../../../../lib/gateway/workers/socket-holder.ts';

describe('the sockets of all worker slots', () => {
  for (const address of ['127.0.0.1', '::1']) {
    it(`are held at ${address}: one port for all slots, and every datagram waits for whoever inherits its socket`, async () => {
      const holder = await SocketHolder.open(
        [
          { name: 'a', address, port: 0 },
          { name: 'b', address, port: 0 },
        ],
        3,
      );
      try {
        const [a, b] = holder.addresses;
        expect(a?.port).to.be.greaterThan(0).and.not.equal(b?.port);
        expect(new Set(holder.descriptors.flat()).size, 'six sockets').to.equal(6);
        const sender = createSocket(address === '::1' ? 'udp6' : 'udp4');
        for (let count = 0; count < 20; count++) {
          await new Promise((sent) => sender.send(`${count}`, a?.port ?? 0, address, sent));
        }
        sender.close();
        // Long enough for a thread that read them after all.
        await delay(50);
        const received: string[] = [];
        const readers: Socket[] = [];
        for (const descriptors of holder.descriptors) {
          const reader = createSocket(address === '::1' ? 'udp6' : 'udp4');
          reader.on('message', (datagram) => void received.push(datagram.toString()));
          reader.bind({ fd: descriptors[0] ?? -1 });
          readers.push(reader);
        }
        while (received.length < 20) await delay(5);
        expect(new Set(received).size).to.equal(20);
        // The descriptor is the holder's own here, where a worker has a copy; it must not be closed twice.
        for (const reader of readers) reader.removeAllListeners('message');
      } finally {
        // Leaves the descriptors that the readers took over to them.
        void holder;
      }
    });
  }

  it('say who cannot be bound', async () => {
    const other = createSocket('udp4');
    other.bind(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address();
    try {
      await SocketHolder.open([{ name: 'agents', address: '127.0.0.1', port }], 2);
      expect.fail('it was bound');
    } catch (error) {
      expect(error).to.have.property('code', 'OSGATE_SIP_BIND_FAILED');
      expect(error).to.have.property('message').that.contains(`127.0.0.1:${port} (agents)`);
    } finally {
      other.close();
    }
  });

  it('are free again afterwards', async () => {
    const holder = await SocketHolder.open([{ name: 'a', address: '127.0.0.1', port: 0 }], 2);
    const port = holder.addresses[0]?.port ?? 0;
    await holder.close();
    const socket = createSocket('udp4');
    socket.bind(port, '127.0.0.1');
    await once(socket, 'listening');
    socket.close();
  });
});
