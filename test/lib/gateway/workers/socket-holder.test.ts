import { expect } from 'chai';
import { spawn, type ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
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
          await new Promise((sent) => {
            sender.send(`${count}`, a?.port ?? 0, address, sent);
          });
        }
        sender.close();
        // Long enough for a thread that read them after all.
        await delay(50);
        const readers = holder.descriptors.map(([descriptor]) => new Reader(descriptor ?? -1, address));
        try {
          while (readers.flatMap(({ lines }) => lines).length < 20) await delay(20);
          const received = readers.flatMap(({ lines }) => lines);
          expect(new Set(received).size).to.equal(20);
        } finally {
          for (const reader of readers) reader.stop();
        }
      } finally {
        await holder.close();
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

/** A process that inherits a socket and prints what comes. */
class Reader {
  readonly lines: string[] = [];
  readonly #child: ChildProcess;

  constructor(descriptor: number, address: string) {
    const program = `
      const socket = require('node:dgram').createSocket('${address === '::1' ? 'udp6' : 'udp4'}');
      socket.on('message', (datagram) => console.log(datagram.toString()));
      socket.bind({ fd: 3 });`;
    this.#child = spawn(process.execPath, ['--eval', program], { stdio: ['ignore', 'pipe', 'inherit', descriptor] });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.lines.push(...text.split('\n').filter((line) => line !== ''));
    });
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }
}
