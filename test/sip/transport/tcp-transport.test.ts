import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

import { expect } from 'chai';

import {
  SipError,
  TcpTransport,
  TimerWheel,
  TransactionEngine,
  type CloseReason,
  type Peer,
  type StreamLimits,
} from '../../../sip/index.ts';
import { makeRequest, Outcome } from '../../support/sip-node.ts';

interface Heard {
  readonly messages: { readonly text: string; readonly source: Peer }[];
  readonly closed: { readonly peer: Peer; readonly reason: CloseReason }[];
}

const MESSAGE = makeRequest('MESSAGE');

/** A process that listens with a short queue and has been stopped. */
async function stoppedListener(): Promise<[number, ChildProcess]> {
  const program =
    "const s = require('net').createServer().listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => console.log(s.address().port))";
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [text] = (await once(child.stdout, 'data')) as [Buffer];
  child.kill('SIGSTOP');
  return [Number(text.toString()), child];
}

describe('TCP transport', () => {
  const transports: TcpTransport[] = [];
  const sockets: Socket[] = [];

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await Promise.all(transports.splice(0).map((transport) => transport.close()));
  });

  const open = async (limits: Partial<StreamLimits> = {}, host = '127.0.0.1'): Promise<[TcpTransport, Heard]> => {
    const heard: Heard = { messages: [], closed: [] };
    const transport = await TcpTransport.open(
      { host, port: 0, limits },
      {
        onMessage: (message, source) => heard.messages.push({ text: message.toString('latin1'), source }),
        onClosed: (peer, reason) => heard.closed.push({ peer, reason }),
      },
    );
    transports.push(transport);
    return [transport, heard];
  };

  const dial = async (transport: TcpTransport): Promise<Socket> => {
    const { address, port } = transport.local;
    const socket = connect({ host: address, port });
    socket.on('error', () => undefined);
    sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  };

  const until = async (condition: () => boolean): Promise<void> => {
    const deadline = Date.now() + 5000;
    while (!condition()) {
      if (Date.now() > deadline) throw new Error('did not happen');
      await delay(5);
    }
  };

  for (const host of ['127.0.0.1', '::1']) {
    it(`opens a connection on demand, uses it again, and answers by it, on ${host}`, async () => {
      const [server, atServer] = await open({}, host);
      const [client, atClient] = await open({}, host);
      expect(client.isConnected(server.local)).to.equal(false);
      for (let count = 0; count < 3; count++) expect(client.send(MESSAGE.toBuffer(), server.local)).to.equal(true);
      await until(() => atServer.messages.length === 3);
      expect(client.isConnected(server.local)).to.equal(true);
      expect(atServer.messages[0]?.text).to.equal(MESSAGE.toText());
      const source = atServer.messages[0]?.source ?? server.local;
      expect(source.address, 'the address that it listens on').to.equal(client.local.address);
      expect(server.isConnected(source)).to.equal(true);
      expect(server.send(MESSAGE.createResponse(200).toBuffer(), source)).to.equal(true);
      await until(() => atClient.messages.length === 1);
      expect([client.connectionCount, server.connectionCount]).to.deep.equal([1, 1]);
      expect(client.counters).to.include({ opened: 1, accepted: 0, sent: 3, received: 1 });
      expect(client.sentBy).to.equal(`${host === '::1' ? '[::1]' : host}:${client.local.port}`);
    });
  }

  it('binds one port for IPv4 and for IPv6 side by side', async () => {
    const [six] = await open({}, '::');
    const four = await TcpTransport.open(
      { host: '0.0.0.0', port: six.local.port },
      { onMessage: () => undefined, onClosed: () => undefined },
    );
    transports.push(four);
    expect(four.local.port).to.equal(six.local.port);
  });

  it('tells a port that is taken', async () => {
    const [first] = await open();
    const second = await TcpTransport.open(
      { host: '127.0.0.1', port: first.local.port },
      { onMessage: () => undefined, onClosed: () => undefined },
    ).catch((error: unknown) => error);
    expect(second instanceof SipError && second.code).to.equal('OSGATE_SIP_BIND_FAILED');
  });

  it('takes a name for its IPv4 address, and closes in time though a connection does not come about', async () => {
    const [client] = await open({}, 'localhost');
    expect(client.local.address).to.equal('127.0.0.1');
    const [port, still] = await stoppedListener();
    const fillers = Array.from({ length: 4 }, () => connect({ host: '127.0.0.1', port }).on('error', () => undefined));
    sockets.push(...fillers);
    await delay(100);
    client.send(MESSAGE.toBuffer(), { address: '127.0.0.1', port });
    const start = Date.now();
    await client.close();
    expect(Date.now() - start).to.be.below(1500);
    still.kill('SIGKILL');
  });

  it('lets several transports share a port when asked to', async () => {
    const handler = { onMessage: () => undefined, onClosed: () => undefined };
    const first = await TcpTransport.open({ host: '127.0.0.1', port: 0, reusePort: true }, handler);
    const second = await TcpTransport.open({ host: '127.0.0.1', port: first.local.port, reusePort: true }, handler);
    transports.push(first, second);
    expect(second.local.port).to.equal(first.local.port);
  });

  it('answers CRLFCRLF with CRLF (RFC 5626 4.4.1)', async () => {
    const [server] = await open();
    const socket = await dial(server);
    socket.write('\r\n\r\n');
    const [pong] = (await once(socket, 'data')) as [Buffer];
    expect(pong.toString()).to.equal('\r\n');
    expect(server.counters.pings).to.equal(1);
  });

  it('tells of a peer that refuses, and of one that goes', async () => {
    const [client, heard] = await open();
    const [gone] = await open();
    await gone.close();
    expect(client.send(MESSAGE.toBuffer(), gone.local)).to.equal(true);
    await until(() => heard.closed.length === 1);
    expect(heard.closed[0]).to.deep.equal({ peer: gone.local, reason: 'connect-failed' });
    const socket = await dial(client);
    const { port } = socket.address() as AddressInfo;
    socket.resetAndDestroy();
    await until(() => heard.closed.length === 2);
    expect(heard.closed[1]?.peer).to.deep.equal({ address: '127.0.0.1', port });
    expect(client.connectionCount).to.equal(0);
  });

  it('gives up on a connection that does not come about in time', async () => {
    const [client, heard] = await open({ connectTimeoutMilliseconds: 200 });
    // A process that stands still accepts nothing: once the queue is full, the system answers no SYN any more.
    const [port, still] = await stoppedListener();
    const fillers = Array.from({ length: 4 }, () => connect({ host: '127.0.0.1', port }).on('error', () => undefined));
    sockets.push(...fillers);
    await delay(100);
    client.send(MESSAGE.toBuffer(), { address: '127.0.0.1', port });
    await until(() => heard.closed.length === 1);
    expect(heard.closed[0]?.reason).to.equal('connect-timeout');
    expect(client.counters.connectFailed).to.equal(1);
    still.kill('SIGKILL');
  });

  it('ends a connection whose peer takes too long for one message, and one that is idle', async () => {
    const [server, heard] = await open({ messageTimeoutMilliseconds: 200, idleTimeoutMilliseconds: 600 });
    const slow = await dial(server);
    const idle = await dial(server);
    const drip = setInterval(() => slow.write('M'), 40);
    await until(() => heard.closed.length === 1);
    clearInterval(drip);
    expect(heard.closed[0]?.reason).to.equal('slow-sender');
    await until(() => heard.closed.length === 2);
    expect(heard.closed[1]?.reason).to.equal('idle');
    expect(server.counters).to.include({ slowPeers: 1, idle: 1 });
    idle.destroy();
  });

  it('ends a connection of a peer that does not authenticate in time, pings or not; not that of one who did', async () => {
    const [server, heard] = await open({ authenticationTimeoutMilliseconds: 400 });
    const [known, stranger] = [await dial(server), await dial(server)];
    server.prove({ address: '127.0.0.1', port: (known.address() as AddressInfo).port });
    const ping = setInterval(() => stranger.write('\r\n\r\n'), 50);
    await until(() => heard.closed.length === 1);
    clearInterval(ping);
    expect(heard.closed[0]?.reason).to.equal('unauthenticated');
    await delay(400);
    expect(server.connectionCount).to.equal(1);
    expect(server.counters.unauthenticated).to.equal(1);
  });

  it('keeps a connection that only pings', async () => {
    const [server] = await open({ idleTimeoutMilliseconds: 300 });
    const socket = await dial(server);
    for (let count = 0; count < 5; count++) {
      socket.write('\r\n\r\n');
      await delay(150);
    }
    expect(server.connectionCount).to.equal(1);
  });

  it('lesson 27: ends a connection that announces 2^31 or 2^32 + 32 octets, and goes on with the others', async () => {
    const [server, heard] = await open();
    const good = await dial(server);
    for (const length of [2 ** 31, 2 ** 32 + 32]) {
      const socket = await dial(server);
      socket.write(`MESSAGE sip:bob@example.com SIP/2.0\r\nContent-Length: ${length}\r\n\r\nbody`);
      await once(socket, 'close');
    }
    expect(server.counters.framingFailures).to.equal(2);
    good.write(MESSAGE.toBuffer());
    await until(() => heard.messages.length === 1);
  });

  it('refuses connections beyond the bounds, and lets the old ones go on', async () => {
    const [server, heard] = await open({ maximumConnections: 3, maximumConnectionsPerAddress: 2 });
    const first = await dial(server);
    await dial(server);
    const third = await dial(server);
    await once(third, 'close');
    expect(server.counters).to.include({ accepted: 2, refusedConnectionsOfAddress: 1 });
    first.write(MESSAGE.toBuffer());
    await until(() => heard.messages.length === 1);
    first.destroy();
    await until(() => server.connectionCount === 1);
    await dial(server);
    await until(() => server.connectionCount === 2);

    const [small] = await open({ maximumConnections: 1 });
    await dial(small);
    const second = await dial(small);
    await once(second, 'close');
    expect(small.counters.refusedConnections).to.equal(1);
    const [outgoing] = await open({ maximumOutgoingConnections: 0 });
    expect(outgoing.send(MESSAGE.toBuffer(), server.local)).to.equal(false);
    expect(outgoing.counters.refusedOutgoingConnections).to.equal(1);
  });

  it('lesson 30: a peer that does not read is a state: what waits is bounded, counted, and ended in time', async () => {
    const [server, heard] = await open({ maximumPendingBytes: 100_000, messageTimeoutMilliseconds: 400 });
    const socket = await dial(server);
    socket.pause();
    await until(() => server.connectionCount === 1);
    const peer = { address: '127.0.0.1', port: (socket.address() as AddressInfo).port };
    const large = Buffer.alloc(60_000, 'x');
    let taken = 0;
    for (let count = 0; count < 500; count++) {
      if (server.send(large, peer)) taken++;
      else break;
      await delay(0);
    }
    expect(taken).to.be.below(500);
    expect(server.counters.pendingFull).to.equal(1);
    await until(() => heard.closed.length === 1);
    expect(heard.closed[0]?.reason).to.equal('slow-receiver');
  });

  it('lesson 17: finds a peer dead that lets a transaction time out, and opens a new connection for the next one', async () => {
    const accepted: Socket[] = [];
    const dead = createServer((socket) => {
      accepted.push(socket);
      socket.on('error', () => undefined);
      socket.resume();
    });
    dead.listen(0, '127.0.0.1');
    await once(dead, 'listening');
    const wheel = new TimerWheel();
    wheel.start();
    const engine = new TransactionEngine({
      scheduler: wheel,
      random: (octets) => Buffer.alloc(octets, Math.random().toString()),
      timers: { t1: 10, t2: 40, t4: 40 },
    });
    const client = await TcpTransport.open(
      { host: '127.0.0.1', port: 0, limits: { deadPeerMilliseconds: 500 } },
      {
        onMessage: (message, peer) => {
          engine.receive(message, { transport: client, peer });
        },
        onClosed: (peer) => {
          engine.flowFailed({ transport: client, peer });
        },
      },
    );
    transports.push(client);
    const peer = { address: '127.0.0.1', port: (dead.address() as AddressInfo).port };
    const outcome = new Outcome();
    const start = Date.now();
    engine.request(makeRequest('MESSAGE'), { transport: client, peer }, outcome);
    await until(() => outcome.timeouts + outcome.transportErrors === 1);
    expect(Date.now() - start).to.be.below(3000);
    expect(client.counters.deadPeers).to.equal(1);
    expect(client.isConnected(peer)).to.equal(false);
    engine.request(makeRequest('MESSAGE'), { transport: client, peer }, outcome);
    await until(() => accepted.length === 2);
    engine.close();
    wheel.stop();
    for (const socket of accepted) socket.destroy();
    dead.close();
  });

  it('tells a client transaction of a refused and of a lost connection within the time of a connect', async () => {
    const wheel = new TimerWheel();
    wheel.start();
    const engine = new TransactionEngine({ scheduler: wheel, random: (octets) => Buffer.alloc(octets, 7) });
    const client = await TcpTransport.open(
      { host: '127.0.0.1', port: 0 },
      {
        onMessage: () => undefined,
        onClosed: (peer) => {
          engine.flowFailed({ transport: client, peer });
        },
      },
    );
    transports.push(client);
    const server = createServer((socket) => {
      socket.once('data', () => socket.resetAndDestroy());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const peer = { address: '127.0.0.1', port: (server.address() as AddressInfo).port };
    const lost = new Outcome();
    engine.request(makeRequest('MESSAGE'), { transport: client, peer }, lost);
    await until(() => lost.transportErrors === 1);
    server.close();
    await once(server, 'close');
    const refused = new Outcome();
    engine.request(makeRequest('INVITE'), { transport: client, peer }, refused);
    await until(() => refused.transportErrors === 1);
    expect(engine.transactionCount).to.equal(0);
    wheel.stop();
  });
});
