import { on, once } from 'node:events';
import { createSocket, type Socket } from 'node:dgram';
import { setTimeout as delay } from 'node:timers/promises';

import { expect } from 'chai';

import { SipError, UdpTransport, type UdpTransportOptions } from '../../../sip/index.ts';
import { systemCalls } from '../../../sip/transport/batch/system-calls.ts';

/** With one system call a datagram, with one for several, and with one for several that were let gather. */
const WAYS: readonly { readonly name: string; readonly options: Partial<UdpTransportOptions> }[] = [
  { name: 'one by one', options: {} },
  { name: 'in batches', options: { batches: { gatherMicroseconds: 0 } } },
  { name: 'in batches that gather', options: { batches: { gatherMicroseconds: 500 } } },
];

const BURSTS = 20;

for (const { name, options: way } of WAYS) {
  describe(`UDP transport, ${name}`, () => {
    for (const host of ['127.0.0.1', '::1']) {
      it(`carries datagrams both ways on ${host}`, async () => {
        const got: { text: string; port: number; address: string }[] = [];
        const server = await UdpTransport.open({ ...way, host, port: 0 }, (datagram, peer) => {
          got.push({ text: datagram.toString(), port: peer.port, address: peer.address });
          server.send(Buffer.from('pong'), peer);
        });
        const client = createSocket(host === '::1' ? 'udp6' : 'udp4');
        try {
          client.send('ping', server.local.port, host);
          const [answer] = (await once(client, 'message')) as [Buffer];
          expect(answer.toString()).to.equal('pong');
          expect(got).to.deep.equal([{ text: 'ping', port: client.address().port, address: host }]);
          expect(server.sentBy).to.equal(`${host === '::1' ? '[::1]' : host}:${server.local.port}`);
          expect(server.counters).to.include({ received: 1, sent: 1, sendErrors: 0 });
        } finally {
          client.close();
          await server.close();
        }
      });

      it(`loses and mixes up nothing of a burst on ${host}, whatever its datagrams measure`, async () => {
        // Together they fit into the smallest receive buffer that a system gives.
        const sizes = [0, 1, 500, 1300, 9000, 65_507, 2, 40, 30_000, 0];
        const datagrams = sizes.map((size, index) => Buffer.alloc(size, index + 1));
        const server = await UdpTransport.open({ ...way, host, port: 0 }, (datagram, peer) => {
          server.send(Buffer.from(datagram), peer);
        });
        const clients = [await bound(host), await bound(host)];
        try {
          for (let burst = 0; burst < BURSTS; burst++) {
            for (const [number, client] of clients.entries()) {
              const sent = datagrams.map((datagram) => other(datagram, 2 * burst + number));
              const echoed = collect(client, sent.length);
              for (const datagram of sent) client.send(datagram, server.local.port, host);
              expect((await echoed).map(summaryOf)).to.deep.equal(sent.map(summaryOf));
            }
          }
          const total = datagrams.length * clients.length * BURSTS;
          expect(server.counters).to.include({ received: total, sent: total, sendErrors: 0, sendBufferFull: 0 });
        } finally {
          for (const client of clients) client.close();
          await server.close();
        }
      });
    }

    it('sends a text as one octet a character', async () => {
      const every = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('');
      const server = await UdpTransport.open({ ...way, host: '127.0.0.1', port: 0 }, () => undefined);
      const client = await bound('127.0.0.1');
      server.send(every, { address: '127.0.0.1', port: client.address().port });
      const [octets] = (await once(client, 'message')) as [Buffer];
      expect([...octets]).to.deep.equal(Array.from({ length: 256 }, (_, code) => code));
      client.close();
      await server.close();
    });

    it('tells a port that is taken, and counts what cannot be sent instead of throwing', async () => {
      const first = await UdpTransport.open({ ...way, host: '127.0.0.1', port: 0 }, () => undefined);
      const second = await UdpTransport.open(
        { ...way, host: '127.0.0.1', port: first.local.port },
        () => undefined,
      ).catch((error: unknown) => error);
      expect(second instanceof SipError && second.code).to.equal('OSGATE_SIP_BIND_FAILED');
      await first.close();
      first.send(Buffer.from('x'), { address: '127.0.0.1', port: 9 });
      expect(first.counters.sendErrors).to.equal(1);
    });

    it('says the advertised name in place of the bound address', async () => {
      const options = { host: '127.0.0.1', port: 0, advertised: { host: 'edge.example.com', port: 5060 } };
      const transport = await UdpTransport.open({ ...way, ...options }, () => undefined);
      expect(transport.sentBy).to.equal('edge.example.com:5060');
      await transport.close();
    });

    it('lesson 30: neither a full buffer, an impossible peer nor a datagram too large is an exception', async () => {
      const unreachable: string[] = [];
      const transport = await UdpTransport.open(
        {
          ...way,
          host: '127.0.0.1',
          port: 0,
          maximumPendingDatagrams: 2,
          onUnreachable: ({ address }) => unreachable.push(address),
        },
        () => undefined,
      );
      const there = { address: '127.0.0.1', port: 9 };
      for (let count = 0; count < 5; count++) expect(transport.send(Buffer.from('x'), there)).to.equal(true);
      expect(transport.counters).to.include({ sent: 2, sendBufferFull: 3 });
      await new Promise((resolve) => setImmediate(resolve));
      expect(transport.send(Buffer.alloc(65_508), there)).to.equal(false);
      expect(transport.send(Buffer.from('x'), { address: '127.0.0.1', port: 0 })).to.equal(false);
      // From a loopback address no other network can be reached.
      expect(transport.send(Buffer.from('x'), { address: '192.0.2.1', port: 9 })).to.equal(true);
      // What is behind it goes out all the same.
      expect(transport.send(Buffer.from('x'), there)).to.equal(true);
      const deadline = Date.now() + 2000;
      while (unreachable.length === 0 && Date.now() < deadline) await delay(5);
      expect(unreachable).to.deep.equal(['192.0.2.1']);
      expect(transport.counters).to.include({ sent: 4, sendErrors: 3 });
      await transport.close();
    });

    it('sends what was handed in before it was closed, and takes nothing afterwards', async () => {
      let received = 0;
      const client = await bound('127.0.0.1');
      const server: UdpTransport = await UdpTransport.open({ ...way, host: '127.0.0.1', port: 0 }, (_, peer) => {
        received++;
        server.send('farewell', peer);
        void server.close();
      });
      const answers = collect(client, 1);
      for (let count = 0; count < 10; count++) client.send('hello', server.local.port, '127.0.0.1');
      expect((await answers).map(String)).to.deep.equal(['farewell']);
      await delay(20);
      expect(received).to.equal(1);
      client.close();
    });

    it('binds one port for IPv4 and for IPv6 side by side', async () => {
      const six = await UdpTransport.open({ ...way, host: '::', port: 0 }, () => undefined);
      const four = await UdpTransport.open({ ...way, host: '0.0.0.0', port: six.local.port }, () => undefined);
      expect(four.local.port).to.equal(six.local.port);
      await Promise.all([six.close(), four.close()]);
    });
  });
}

describe('UDP transport', () => {
  it('makes one system call for several datagrams where it is told to', async () => {
    expect(systemCalls(), 'koffi is a development dependency too').not.to.equal(undefined);
    const options = { host: '127.0.0.1', port: 0, batches: { gatherMicroseconds: 0 } };
    const server = await UdpTransport.open(options, (datagram, peer) => {
      server.send(Buffer.from(datagram), peer);
    });
    const client = await bound('127.0.0.1');
    const echoed = collect(client, 100);
    // All of them wait in the socket before the event loop looks at it.
    for (let count = 0; count < 100; count++) client.send('x', server.local.port, '127.0.0.1');
    await echoed;
    const { received, receivedInBatches, sentInBatches } = server.counters;
    expect(received).to.equal(100);
    expect(receivedInBatches).to.be.greaterThan(0);
    expect(sentInBatches).to.equal(100);
    client.close();
    await server.close();
  });
});

async function bound(host: string): Promise<Socket> {
  const client = createSocket(host === '::1' ? 'udp6' : 'udp4');
  await new Promise<void>((resolve) => {
    client.bind(0, host, resolve);
  });
  return client;
}

/** So many datagrams, as they come. */
async function collect(client: Socket, count: number): Promise<Buffer[]> {
  const got: Buffer[] = [];
  for await (const [datagram] of on(client, 'message') as AsyncIterable<[Buffer]>) {
    got.push(datagram);
    if (got.length === count) break;
  }
  return got;
}

function other(datagram: Buffer, number: number): Buffer {
  return datagram.map((octet) => octet ^ number) as Buffer;
}

/** What a datagram is, in a text that a failure can show. */
function summaryOf(datagram: Buffer): string {
  return `${datagram.length} of ${datagram[0] ?? '-'}, ${datagram.every((octet) => octet === datagram[0])}`;
}
