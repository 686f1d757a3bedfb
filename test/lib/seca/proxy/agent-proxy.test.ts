import { createSocket, type Socket } from 'node:dgram';

import { expect } from 'chai';

import { AgentProxy, type AgentProxyOptions } from '../../../../lib/seca/proxy/agent-proxy.ts';
import { ScriptedGateway } from '../association/scripted-gateway.ts';

const MESSAGE = 'OPTIONS sip:b@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1\r\n\r\n';

describe('the proxy for plain clients', () => {
  const proxies: AgentProxy[] = [];
  const clients: Socket[] = [];

  async function open(options: Partial<AgentProxyOptions> = {}): Promise<{
    gateway: ScriptedGateway;
    proxy: AgentProxy;
    events: string[];
  }> {
    const gateway = new ScriptedGateway();
    const events: string[] = [];
    const proxy = await AgentProxy.open({
      host: '127.0.0.1',
      port: 0,
      carry: 'sip',
      maximumClients: 2,
      idleMilliseconds: 60_000,
      association: {
        open: async (attempt) =>
          gateway.open({ ...attempt, psk: async () => ({ identity: 'agent', key: Buffer.alloc(32), expiresAt: 0 }) }),
        reconnect: { initialMilliseconds: 2, maximumMilliseconds: 8 },
        maximumQueuedDatagrams: 10,
        liveness: { way: 'ping', intervalMilliseconds: 0, answerMilliseconds: 100 },
      },
      events: {
        associated: (_client, _channel, isAgain) => events.push(isAgain ? 'associated again' : 'associated'),
        ended: (_client, end) => events.push(end),
        refused: () => events.push('refused'),
      },
      ...options,
    });
    proxies.push(proxy);
    return { gateway, proxy, events };
  }

  async function client(proxy: AgentProxy): Promise<{ send(text: string): void; received: string[] }> {
    const socket = createSocket('udp4');
    clients.push(socket);
    const received: string[] = [];
    socket.on('message', (datagram) => received.push(datagram.toString('latin1')));
    await new Promise<void>((resolve) => {
      socket.bind(0, '127.0.0.1', resolve);
    });
    return {
      received,
      send: (text) => {
        socket.send(Buffer.from(text, 'latin1'), proxy.local.port, proxy.local.address);
      },
    };
  }

  afterEach(async () => {
    for (const socket of clients.splice(0)) socket.close();
    await Promise.all(proxies.splice(0).map((proxy) => proxy.close()));
  });

  it('gives each local client an association, and each what is for it', async () => {
    const { gateway, proxy } = await open();
    const [one, other] = [await client(proxy), await client(proxy)];
    one.send(MESSAGE);
    await gateway.until(() => gateway.associations.length === 1);
    other.send(MESSAGE);
    await gateway.until(() => gateway.associations.length === 2 && gateway.last.sent.length === 1);
    expect(gateway.last.sent[0]).to.equal(MESSAGE.replace('/UDP', '/DTLS-UDP'));
    gateway.associations[0]?.deliver('SIP/2.0 200 OK\r\nVia: SIP/2.0/DTLS-UDP one\r\n\r\n');
    gateway.associations[1]?.deliver('SIP/2.0 200 OK\r\nVia: SIP/2.0/DTLS-UDP other\r\n\r\n');
    await gateway.until(() => one.received.length === 1 && other.received.length === 1);
    expect(one.received).to.deep.equal(['SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP one\r\n\r\n']);
    expect(other.received).to.deep.equal(['SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP other\r\n\r\n']);
  });

  it('does not serve more clients than it may, and goes on serving those', async () => {
    const { gateway, proxy, events } = await open({ maximumClients: 1 });
    const [one, other] = [await client(proxy), await client(proxy)];
    one.send(MESSAGE);
    await gateway.until(() => gateway.associations.length === 1);
    other.send(MESSAGE);
    await gateway.until(() => proxy.counters.refusedClients === 1);
    one.send(MESSAGE);
    await gateway.until(() => gateway.last.sent.length === 2);
    expect(gateway.associations.length).to.equal(1);
    expect(events).to.deep.equal(['associated', 'refused']);
  });

  it('closes the association of a client that has gone silent, and makes another when it speaks again', async () => {
    const { gateway, proxy, events } = await open({ idleMilliseconds: 30 });
    const one = await client(proxy);
    one.send(MESSAGE);
    await gateway.until(() => events.includes('idle'));
    expect(gateway.last.closed).to.equal(true);
    expect(proxy.size).to.equal(0);
    one.send(MESSAGE);
    await gateway.until(() => gateway.associations.length === 2);
  });

  it('reaches a client by the new association when the old one has ended', async () => {
    const { gateway, proxy, events } = await open();
    const one = await client(proxy);
    one.send(MESSAGE);
    await gateway.until(() => events.length === 1);
    gateway.last.end('closed-by-peer');
    await gateway.until(() => gateway.associations.length === 2);
    gateway.last.deliver('SIP/2.0 200 OK\r\nVia: SIP/2.0/DTLS-UDP x\r\n\r\n');
    await gateway.until(() => one.received.length === 1);
    expect(events).to.deep.equal(['associated', 'closed-by-peer', 'associated again']);
  });

  it('answers the keepalives of SIP clients itself', async () => {
    const { gateway, proxy } = await open();
    const one = await client(proxy);
    one.send('\r\n\r\n');
    // A STUN Binding request (RFC 5389): type, length, magic cookie, transaction id.
    one.send(`\x00\x01\x00\x00\x21\x12\xa4\x42${'t'.repeat(12)}`);
    await gateway.until(() => one.received.length === 2);
    expect(one.received[0]).to.equal('\r\n');
    expect(one.received[1]?.slice(0, 2)).to.equal('\x01\x01');
    expect(gateway.attempts).to.equal(0);
  });

  it('leaves datagrams of other kinds as they are, keepalives and all', async () => {
    const { gateway, proxy } = await open({ carry: 'datagrams' });
    const one = await client(proxy);
    for (const datagram of ['\r\n\r\n', MESSAGE, '\x00\x01', '\x40\x01\xff']) {
      one.send(datagram);
      await gateway.until(() => gateway.associations.at(-1)?.sent.includes(datagram) === true);
    }
    gateway.last.deliver('SIP/2.0 200 OK\r\nVia: SIP/2.0/DTLS-UDP x\r\n\r\n');
    await gateway.until(() => one.received.length === 1);
    expect(one.received[0]).to.contain('DTLS-UDP');
  });
});
