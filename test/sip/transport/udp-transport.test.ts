import { once } from 'node:events';
import { createSocket } from 'node:dgram';

import { expect } from 'chai';

import { SipError, UdpTransport } from '../../../sip/index.ts';

describe('UDP transport', () => {
  for (const host of ['127.0.0.1', '::1']) {
    it(`carries datagrams both ways on ${host}`, async () => {
      const got: { text: string; port: number }[] = [];
      const server = await UdpTransport.open({ host, port: 0 }, (datagram, peer) => {
        got.push({ text: datagram.toString(), port: peer.port });
        server.send(Buffer.from('pong'), peer);
      });
      const client = createSocket(host === '::1' ? 'udp6' : 'udp4');
      try {
        client.send('ping', server.local.port, host);
        const [answer] = (await once(client, 'message')) as [Buffer];
        expect(answer.toString()).to.equal('pong');
        expect(got).to.deep.equal([{ text: 'ping', port: client.address().port }]);
        expect(server.sentBy).to.equal(`${host === '::1' ? '[::1]' : host}:${server.local.port}`);
        expect(server.counters).to.include({ received: 1, sent: 1, sendErrors: 0 });
      } finally {
        client.close();
        await server.close();
      }
    });
  }

  it('tells a port that is taken, and counts what cannot be sent instead of throwing', async () => {
    const first = await UdpTransport.open({ host: '127.0.0.1', port: 0 }, () => undefined);
    const second = await UdpTransport.open({ host: '127.0.0.1', port: first.local.port }, () => undefined).catch(
      (error: unknown) => error,
    );
    expect(second instanceof SipError && second.code).to.equal('OSGATE_SIP_BIND_FAILED');
    await first.close();
    first.send(Buffer.from('x'), { address: '127.0.0.1', port: 9 });
    expect(first.counters.sendErrors).to.equal(1);
  });

  it('says the advertised name in place of the bound address', async () => {
    const options = { host: '127.0.0.1', port: 0, advertised: { host: 'edge.example.com', port: 5060 } };
    const transport = await UdpTransport.open(options, () => undefined);
    expect(transport.sentBy).to.equal('edge.example.com:5060');
    await transport.close();
  });

  it('lesson 30: neither a full buffer, an impossible peer nor a datagram too large is an exception', async () => {
    const unreachable: string[] = [];
    const transport = await UdpTransport.open(
      {
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
    const deadline = Date.now() + 2000;
    while (unreachable.length === 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(unreachable).to.deep.equal(['192.0.2.1']);
    expect(transport.counters.sendErrors).to.equal(3);
    await transport.close();
  });

  it('binds one port for IPv4 and for IPv6 side by side', async () => {
    const six = await UdpTransport.open({ host: '::', port: 0 }, () => undefined);
    const four = await UdpTransport.open({ host: '0.0.0.0', port: six.local.port }, () => undefined);
    expect(four.local.port).to.equal(six.local.port);
    await Promise.all([six.close(), four.close()]);
  });
});
