import { once } from 'node:events';

import { expect } from 'chai';

import { connect, createServer, DtlsError, type DtlsServer } from '../../../dtls/index.ts';
import { echo, KEY, MemoryWorld, refusalOf, SERVER, turns, until } from '../support/memory-world.ts';

describe('DTLS server and client', () => {
  let world: MemoryWorld;

  beforeEach(() => {
    world = new MemoryWorld();
  });

  afterEach(async () => {
    await world.close();
  });

  it('carry data both ways and say what was agreed on', async () => {
    const server = world.serve({
      psk: { hint: 'the hint', lookUp: async ({ identity, hint }) => ({ key: KEY, data: { identity, hint } }) },
    });
    const client = await world.connect();
    expect(await echo(client, 'hello')).to.equal('hello');
    const [there] = [...server.associations()];
    expect(server.size).to.equal(1);
    expect(there?.pskIdentity).to.equal('agent');
    expect(there?.pskData).to.deep.equal({ identity: 'agent', hint: 'the hint' });
    expect(client.getCipher()).to.deep.equal({
      name: 'ECDHE-PSK-AES128-GCM-SHA256',
      standardName: 'TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256',
      version: 'DTLSv1.2',
    });
    expect(there?.getCipher()).to.deep.equal(client.getCipher());
    const material = client.exportKeyingMaterial(32, 'EXPERIMENTAL test', Buffer.from('context'));
    expect(there?.exportKeyingMaterial(32, 'EXPERIMENTAL test', Buffer.from('context'))).to.deep.equal(material);
    expect(client.connectionId?.remote).to.deep.equal(there?.connectionId?.local);
    expect(server.counters.handshakesCompleted).to.equal(1);
  });

  it('lesson 13: many peers have one socket', async () => {
    const server = world.serve();
    const clients = await Promise.all(Array.from({ length: 50 }, async () => world.connect()));
    expect(server.size).to.equal(50);
    expect(await Promise.all(clients.map(async (client, index) => echo(client, `${index}`)))).to.deep.equal(
      clients.map((_, index) => `${index}`),
    );
  });

  it('hold the KeyObjects of as many associations as the limit says, and count who lets go', async () => {
    const server = world.serve({ limits: { recordKeys: 1 }, callsOpenssl: false });
    const clients = [await world.connect(), await world.connect()];
    const before = server.counters.recordKeysReleased;
    for (let round = 0; round < 4; round++) for (const client of clients) await echo(client, 'x');
    expect(server.counters.recordKeysReleased).to.be.greaterThan(before + 3);
  });

  it('end with a word to the peer', async () => {
    const server = world.serve();
    const client = await world.connect();
    const [there] = [...server.associations()];
    const closed = there === undefined ? undefined : once(there, 'close');
    await client.close();
    expect(await closed).to.deep.equal(['peer-closed']);
    expect(server.size).to.equal(0);
    expect(client.send(Buffer.from('x'))).to.equal(false);
    const other = await world.connect();
    const gone = once(other, 'close');
    await server.close();
    expect(await gone).to.deep.equal(['peer-closed']);
    expect(() => {
      server.attach(world.network.open(SERVER, () => undefined));
    }).to.throw(DtlsError);
  });

  it('end with a signal', async () => {
    const signal = new AbortController();
    const server = world.serve({ signal: signal.signal });
    const mine = new AbortController();
    const first = await world.connect({ signal: mine.signal });
    const second = await world.connect();
    const ends = Promise.all([once(first, 'close'), once(second, 'close')]);
    mine.abort();
    signal.abort();
    expect(await ends).to.deep.equal([['closed'], ['peer-closed']]);
    expect(server.size).to.equal(0);
    const refusal = await refusalOf(world.connect({ signal: mine.signal }));
    expect(refusal instanceof DtlsError && refusal.code).to.equal('OSGATE_DTLS_ABORTED');
  });

  it('give a handshake up at a signal, and in time when nobody answers', async () => {
    const signal = new AbortController();
    const waiting = refusalOf(world.connect({ signal: signal.signal }));
    await turns();
    signal.abort();
    const aborted = await waiting;
    expect(aborted instanceof DtlsError && aborted.code).to.equal('OSGATE_DTLS_ABORTED');
    const late = await refusalOf(world.connect({ handshakeTimeoutMilliseconds: 20 }));
    expect(late instanceof DtlsError && late.code).to.equal('OSGATE_DTLS_HANDSHAKE_TIMEOUT');
  });

  it('tell a wrong key and an unknown identity alike, and say so in an event, but not too often', async () => {
    const failures: unknown[] = [];
    const server = world.serve({
      psk: { lookUp: async ({ identity }) => (identity === 'agent' ? { key: KEY } : undefined) },
      limits: { failureEventsPerSecond: 2 },
    });
    server.on('failure', ({ reason, alert, remote }) => failures.push([reason, alert, remote.address]));
    const wrong = [
      { identity: 'agent', key: Buffer.from('wrong') },
      { identity: 'nobody', key: KEY },
    ];
    for (const psk of [...wrong, ...wrong]) {
      const refusal = await refusalOf(world.connect({ psk }));
      expect(refusal instanceof DtlsError && refusal.code).to.equal('OSGATE_DTLS_HANDSHAKE_FAILED');
      expect(String(refusal)).to.include('decryptError received');
    }
    const failure = ['handshake-failure', 'decryptError', '198.51.100.7'];
    expect(failures).to.deep.equal([failure, failure]);
    expect(server.counters).to.include({ failuresNotTold: 2, pskUnknownIdentities: 2 });
  });

  it('do without an answer of a look-up that throws, and refuse look-ups beyond the bound', async () => {
    const waiting: (() => void)[] = [];
    const server = world.serve({
      psk: {
        lookUp: async ({ identity }) => {
          if (identity === 'thrown') throw new TypeError('no database');
          await new Promise<void>((resolve) => waiting.push(resolve));
          return { key: KEY };
        },
      },
      limits: { pskLookUps: 1 },
    });
    expect(await refusalOf(world.connect({ psk: { identity: 'thrown', key: KEY } }))).to.be.instanceOf(DtlsError);
    const first = world.connect();
    await until(() => waiting.length === 1);
    expect(await refusalOf(world.connect())).to.be.instanceOf(DtlsError);
    waiting[0]?.();
    expect(await echo(await first, 'x')).to.equal('x');
    expect(server.counters.pskLookUpsRefused).to.equal(1);
  });

  it('end a handshake in time whose look-up never answers, and free its place', async () => {
    let forgotten = 0;
    const server = world.serve({
      psk: {
        lookUp: async ({ identity }) => {
          if (identity !== 'forgotten') return { key: KEY };
          forgotten++;
          return new Promise(() => {});
        },
      },
      limits: { pskLookUps: 1 },
      handshakeTimeoutMilliseconds: 300,
    });
    const ended = refusalOf(
      world.connect({ psk: { identity: 'forgotten', key: KEY }, handshakeTimeoutMilliseconds: 300 }),
    );
    await until(() => forgotten === 1 && server.halfOpen === 0);
    expect(await ended).to.be.instanceOf(DtlsError);
    expect(await echo(await world.connect(), 'x')).to.equal('x');
    expect(server.counters).to.include({ handshakeTimeouts: 1, pskLookUpsRefused: 0 });
  });

  it('resume sessions, by ticket and by identifier', async () => {
    for (const options of [{ sessionCache: false }, { sessionTickets: false }] as const) {
      const server = world.serve(options);
      const first = await world.connect();
      const { session } = first;
      await first.close();
      const second = await world.connect({ session });
      expect([first.resumed, second.resumed]).to.deep.equal([false, true]);
      expect(await echo(second, 'x')).to.equal('x');
      expect([...server.associations()][0]?.pskIdentity).to.equal('agent');
      await server.close();
    }
    world.serve({ sessionCache: false, sessionTickets: false });
    const client = await world.connect();
    expect(client.session).to.equal(undefined);
  });

  it('end when nothing comes, and when the key ends', async () => {
    world.serve({ idleTimeoutMilliseconds: 20 });
    const idle = await world.connect();
    expect(await once(idle, 'close')).to.deep.equal(['peer-closed']);
    await world.servers[0]?.close();
    const server = world.serve({ psk: { lookUp: async () => ({ key: KEY, expiresAt: Date.now() + 50 }) } });
    const client = await world.connect();
    const [there] = [...server.associations()];
    const { session } = client;
    expect(there?.expiresAt).to.be.a('number');
    const closed = there === undefined ? undefined : once(there, 'close');
    expect(await closed).to.deep.equal(['key-expired']);
    // Neither does the session outlive the key.
    const again = await world.connect({ session });
    expect(again.resumed).to.equal(false);
  });

  it('give up handshakes whose peer has left', async () => {
    const failures: string[] = [];
    const server = world.serve({ handshakeTimeoutMilliseconds: 30, retransmission: { initialMilliseconds: 10 } });
    server.on('failure', ({ reason }) => failures.push(reason));
    const client = refusalOf(
      world.connect({
        psk: async () => new Promise(() => undefined),
        handshakeTimeoutMilliseconds: 5,
      }),
    );
    await until(() => failures.length > 0);
    expect(failures).to.deep.equal(['handshake-timeout']);
    expect(server.halfOpen).to.equal(0);
    expect(server.counters.handshakeTimeouts).to.equal(1);
    await client;
  });

  it('refuse data when the transport has no room, and data that does not fit', async () => {
    const server = createServer({ psk: { lookUp: async () => ({ key: KEY }) } });
    let isFull = false;
    const inner = world.network.open(SERVER, (datagram, peer) => {
      server.receive(datagram, peer);
    });
    server.attach({
      get isFull() {
        return isFull;
      },
      send: (datagram, peer) => {
        inner.send(datagram, peer);
      },
      close: async () => inner.close(),
    });
    await world.connect();
    const [there] = [...server.associations()];
    isFull = true;
    expect(there?.send(Buffer.from('x'))).to.equal(false);
    isFull = false;
    expect(there?.send(Buffer.from('x'))).to.equal(true);
    expect(there?.send(Buffer.alloc(there.maximumSend + 1))).to.equal(false);
    expect(server.counters).to.include({ sendBufferFull: 1, sendsRefused: 1 });
    await server.close({ notify: false });
  });

  it('write a key log when asked', async () => {
    const lines: string[] = [];
    const more: string[] = [];
    world.serve({ keyLog: (line) => lines.push(line) });
    await world.connect({ keyLog: (line) => more.push(line) });
    expect(lines).to.have.length(1);
    expect(lines[0]).to.match(/^CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}$/);
    expect(more).to.deep.equal(lines);
  });

  it('listen on a UDP socket, IPv4 and IPv6', async () => {
    for (const host of ['127.0.0.1', '::1']) {
      const server: DtlsServer = createServer({ psk: { lookUp: async () => ({ key: KEY }) } });
      server.on('association', (association) => {
        association.on('message', (data) => association.send(data));
      });
      await server.listen({ host, port: 0 });
      const client = await connect({ host, port: server.address().port, psk: { identity: 'agent', key: KEY } });
      expect(await echo(client, 'hello')).to.equal('hello');
      const taken = createServer({ psk: { lookUp: async () => ({ key: KEY }) } });
      const refusal = await refusalOf(taken.listen({ host, port: server.address().port }));
      expect(refusal instanceof DtlsError && refusal.code).to.equal('OSGATE_DTLS_BIND_FAILED');
      await client.close();
      await server.close();
    }
  });

  it('lesson 12: options that mean nothing are refused', () => {
    const psk = { lookUp: async () => ({ key: KEY }) };
    const wrong = [
      {},
      { psk, cipherSuites: ['TLS_NULL'] },
      { psk, groups: ['secp112r1'] },
      { psk, signatureSchemes: ['md5'] },
      { psk, limits: { halfOpn: 1 } as object },
      { psk, limits: { halfOpen: -1 } },
      { psk, mtu: 100 },
      { psk, connectionId: { length: 2 } },
      { psk, connectionId: { worker: 256 } },
      { psk, connectionId: { key: Buffer.alloc(3) } },
      { psk, sessionTickets: { secret: Buffer.alloc(3) } },
      { psk, sessionTickets: { lifetimeSeconds: 0 } },
      { psk, sessionTickets: { rotationSeconds: Number.NaN } },
      { psk, sessionCache: { lifetimeSeconds: 604_801 } },
      { psk, cookieRotationMilliseconds: 0 },
      { psk, clientCertificates: 'require' as const },
    ];
    for (const options of wrong)
      expect(() => createServer(options), JSON.stringify(options))
        .to.throw(DtlsError)
        .with.property('code', 'OSGATE_DTLS_INVALID_ARGUMENT');
  });
});
