import { createSocket } from 'node:dgram';
import { on, once } from 'node:events';

import { expect } from 'chai';

import { DgramTransport, DtlsError } from '../../../dtls/index.ts';

const BURST = 100;

describe('dgram transport', () => {
  for (const host of ['127.0.0.1', '::1']) {
    it(`loses and mixes up nothing of a burst in batches, and gives datagrams away for good, on ${host}`, async () => {
      const kept: Buffer[] = [];
      const options = { host, port: 0, batches: { gatherMicroseconds: 0 } };
      const server = await DgramTransport.open(options, (datagram, peer) => {
        kept.push(datagram);
        server.send(datagram, peer);
      });
      const client = createSocket(host === '::1' ? 'udp6' : 'udp4');
      const sent = Array.from({ length: BURST }, (_, number) => `datagram ${number}`);
      const echoed: string[] = [];
      for (const text of sent) client.send(text, server.local.port, host);
      for await (const [datagram] of on(client, 'message') as AsyncIterable<[Buffer]>) {
        if (echoed.push(datagram.toString()) === BURST) break;
      }
      expect(echoed).to.deep.equal(sent);
      expect(kept.map(String)).to.deep.equal(sent);
      expect(server.counters).to.include({ received: BURST, sent: BURST, sendErrors: 0, sendBufferFull: 0 });
      expect(server.isFull).to.equal(false);
      client.close();
      await server.close();
    });

    it(`carries datagrams both ways on ${host}`, async () => {
      const got: { text: string; port: number }[] = [];
      const server = await DgramTransport.open({ host, port: 0 }, (datagram, peer) => {
        got.push({ text: datagram.toString(), port: peer.port });
        server.send(Buffer.from('pong'), peer);
      });
      const client = createSocket(host === '::1' ? 'udp6' : 'udp4');
      try {
        client.send('ping', server.local.port, host);
        const [answer] = (await once(client, 'message')) as [Buffer];
        expect(answer.toString()).to.equal('pong');
        expect(got).to.deep.equal([{ text: 'ping', port: client.address().port }]);
        expect(server.counters).to.include({ received: 1, sent: 1, sendErrors: 0 });
      } finally {
        client.close();
        await server.close();
      }
    });
  }

  it('hears only the peer that it is connected to', async () => {
    const peer = createSocket('udp4');
    const stranger = createSocket('udp4');
    await Promise.all(
      [peer, stranger].map(async (socket) => {
        socket.bind(0, '127.0.0.1');
        await once(socket, 'listening');
      }),
    );
    const got: string[] = [];
    const heard = Promise.withResolvers<undefined>();
    const connect = { address: '127.0.0.1', port: peer.address().port };
    const transport = await DgramTransport.open({ host: '127.0.0.1', port: 0, connect }, (datagram) => {
      got.push(datagram.toString());
      heard.resolve(undefined);
    });
    await new Promise((resolve) => {
      stranger.send('stranger', transport.local.port, '127.0.0.1', resolve);
    });
    peer.send('peer', transport.local.port, '127.0.0.1');
    await heard.promise;
    expect(got).to.deep.equal(['peer']);
    peer.close();
    stranger.close();
    await transport.close();
  });

  it('lets two share a port when both want to, and tells a port that is taken', async () => {
    const options = { host: '127.0.0.1', port: 0, reusePort: true };
    const first = await DgramTransport.open(options, () => undefined);
    const second = await DgramTransport.open({ ...options, port: first.local.port }, () => undefined);
    const third = await DgramTransport.open({ host: '127.0.0.1', port: first.local.port }, () => undefined).catch(
      (error: unknown) => error,
    );
    expect(third instanceof DtlsError && third.code).to.equal('OSGATE_DTLS_BIND_FAILED');
    expect(second.local).to.deep.equal(first.local);
    await Promise.all([first.close(), second.close()]);
  });

  it('a full send buffer, an impossible peer and a datagram too large are states, no exceptions', async () => {
    const options = { host: '127.0.0.1', port: 0, maximumPendingDatagrams: 2 };
    const transport = await DgramTransport.open(options, () => undefined);
    const there = { address: '127.0.0.1', port: 9 };
    for (let count = 0; count < 5; count++) transport.send(Buffer.from('x'), there);
    expect(transport.isFull).to.equal(true);
    expect(transport.counters).to.include({ sent: 2, sendBufferFull: 3 });
    await new Promise((resolve) => setImmediate(resolve));
    expect(transport.isFull).to.equal(false);
    transport.send(Buffer.alloc(65_508), there);
    transport.send(Buffer.from('x'), { address: '127.0.0.1', port: 0 });
    expect(transport.counters.sendErrors).to.equal(2);
    await transport.close();
    transport.send(Buffer.from('x'), there);
    expect(transport.counters.sendErrors).to.equal(3);
  });
});
