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
});
