import { once } from 'node:events';

import { expect } from 'chai';
import fc from 'fast-check';

import { DtlsError, type DtlsAssociation, type DtlsConnectOptions, type Peer } from '../../../dtls/index.ts';
import { echo, KEY, MemoryWorld, refusalOf, SERVER, turns, until } from '../support/memory-world.ts';

const NO_CONNECTION_ID = { connectionId: false } as const;

/** Opens transports that all hear what comes to one port, as after a restart with packets still on their way. */
function sharedPort(world: MemoryWorld, from: Peer): NonNullable<DtlsConnectOptions['transport']> {
  const handlers: ((datagram: Buffer) => void)[] = [];
  const port = world.network.open(from, (datagram) => {
    for (const handler of handlers) handler(Buffer.from(datagram));
  });
  return (receive) => {
    handlers.push(receive);
    return {
      send: (datagram, peer) => {
        port.send(datagram, peer);
      },
      close: async () => undefined,
    };
  };
}

describe('one association for one peer', () => {
  let world: MemoryWorld;

  beforeEach(() => {
    world = new MemoryWorld();
  });

  afterEach(async () => {
    await world.close();
  });

  it('lesson 8: doubled, delayed and reordered ClientHellos end in one association', async function () {
    this.timeout(60_000);
    const fate = fc.array(fc.integer({ min: 0, max: 25 }), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(fc.array(fate, { minLength: 4, maxLength: 12 }), async (fates) => {
        const delayed = new MemoryWorld({
          schedule: (deliver, milliseconds) => setTimeout(deliver, milliseconds),
          fate: () => fates.shift() ?? [0],
        });
        const server = delayed.serve();
        const established: DtlsAssociation[] = [];
        server.on('association', (association) => established.push(association));
        try {
          const client = await delayed.connect();
          expect(await echo(client, 'hello')).to.equal('hello');
          // What is still on its way comes late.
          await new Promise((resolve) => setTimeout(resolve, 30));
          expect(await echo(client, 'again')).to.equal('again');
          expect([established.length, server.size]).to.deep.equal([1, 1]);
          expect(server.counters.handshakesStarted).to.equal(1);
        } finally {
          await delayed.close();
        }
      }),
      { numRuns: 40 },
    );
  });

  for (const options of [{}, NO_CONNECTION_ID] as const) {
    const what = 'connectionId' in options ? 'without' : 'with';
    it(`lesson 5: a client that starts again at its old port gets in, and the old association ends then, ${what} connection identifiers`, async () => {
      const server = world.serve(options);
      const from = world.nextPeer();
      const old = await world.connect(options, from);
      const [first] = [...server.associations()];
      const reasons: string[] = [];
      first?.on('close', (reason) => reasons.push(reason));
      // The old client knows nothing of it: its socket is gone.
      const fresh = await world.connect(options, from);
      expect(reasons).to.deep.equal(['replaced']);
      expect(await echo(fresh, 'hello')).to.equal('hello');
      expect(server.size).to.equal(1);
      expect(server.counters).to.include({ challengesBegun: 1, associationsReplaced: 1 });
      expect(old.send(Buffer.from('x'))).to.equal(true);
    });
  }

  it('lesson 5: the old association works until the new one has proven itself', async () => {
    const unlock = Promise.withResolvers<undefined>();
    let lookUps = 0;
    const server = world.serve({
      ...NO_CONNECTION_ID,
      psk: {
        lookUp: async () => {
          if (lookUps++ > 0) await unlock.promise;
          return { key: KEY };
        },
      },
    });
    const from = world.nextPeer();
    const transport = sharedPort(world, from);
    const old = await world.connect({ ...NO_CONNECTION_ID, transport });
    const coming = world.connect({ ...NO_CONNECTION_ID, transport });
    await until(() => lookUps === 2);
    expect(server.halfOpen).to.equal(1);
    expect(await echo(old, 'still here')).to.equal('still here');
    unlock.resolve(undefined);
    const fresh = await coming;
    expect(await echo(fresh, 'hello')).to.equal('hello');
    expect(server.size).to.equal(1);
  });

  it('a handshake at the address of an association never harms it, however it ends', async () => {
    const server = world.serve({ ...NO_CONNECTION_ID, handshakeTimeoutMilliseconds: 200 });
    const from = world.nextPeer();
    const transport = sharedPort(world, from);
    const client = await world.connect({ ...NO_CONNECTION_ID, transport });
    const psk = { identity: 'agent', key: Buffer.from('wrong') };
    const refusal = await refusalOf(
      world.connect({ ...NO_CONNECTION_ID, transport, psk, handshakeTimeoutMilliseconds: 1000 }),
    );
    expect(refusal).to.be.instanceOf(DtlsError);
    expect(await echo(client, 'one')).to.equal('one');
    const signal = AbortSignal.timeout(20);
    await refusalOf(
      world.connect({ ...NO_CONNECTION_ID, transport, signal, psk: async () => new Promise(() => undefined) }),
    );
    await until(() => server.halfOpen === 0);
    expect(await echo(client, 'two')).to.equal('two');
    expect([server.size, server.halfOpen]).to.deep.equal([1, 0]);
    expect(server.counters).to.include({ challengesBegun: 2, associationsReplaced: 0 });
  });

  it('a client that starts again in the middle of its handshake gets in, and what is late of the first does nothing', async () => {
    const server = world.serve({ handshakeTimeoutMilliseconds: 500 });
    const from = world.nextPeer();
    const sent: Buffer[] = [];
    const signal = AbortSignal.timeout(30);
    await refusalOf(
      world.connect({
        signal,
        psk: async () => new Promise(() => undefined),
        transport: (receive) => world.recorded(from, receive, sent),
      }),
    );
    expect(server.halfOpen).to.equal(1);
    const fresh = await world.connect({}, from);
    for (const datagram of sent) world.network.deliver(datagram, from, SERVER);
    await turns();
    expect(await echo(fresh, 'hello')).to.equal('hello');
    expect([server.size, server.halfOpen]).to.deep.equal([1, 0]);
    expect(server.counters.handshakesSuperseded).to.equal(1);
    expect(server.counters.duplicateClientHellos).to.be.greaterThan(0);
  });

  it('lesson 9: nothing without protection ends or changes an association', async () => {
    const server = world.serve(NO_CONNECTION_ID);
    const from = world.nextPeer();
    const client = await world.connect(NO_CONNECTION_ID, from);
    // Fatal alert, close_notify, ServerHello, ChangeCipherSpec, data; all in epoch 0.
    for (const hex of [
      '15fefd000000000000000900020228',
      '15fefd000000000000000900020100',
      '14fefd0000000000000009000101',
    ])
      world.network.deliver(Buffer.from(hex, 'hex'), from, SERVER);
    world.network.deliver(Buffer.from('17fefd0000000000000009000178', 'hex'), from, SERVER);
    world.network.deliver(Buffer.from(`16fefd0000000000000009000c02${'00'.repeat(11)}`, 'hex'), from, SERVER);
    for (let count = 0; count < 14; count++) world.network.deliver(Buffer.alloc(count, 23), from, SERVER);
    await turns();
    expect(await echo(client, 'hello')).to.equal('hello');
    expect(server.size).to.equal(1);
    expect(server.counters.epochZeroAlertsIgnored).to.equal(2);
  });
});

describe('connection identifiers of a server', () => {
  let world: MemoryWorld;

  beforeEach(() => {
    world = new MemoryWorld();
  });

  afterEach(async () => {
    await world.close();
  });

  for (const returnRoutabilityCheck of [false, true]) {
    it(`lesson 4: a client that moves is followed, ${returnRoutabilityCheck ? 'once the new address has answered' : 'with its newest record'}`, async () => {
      const server = world.serve({ returnRoutabilityCheck });
      const [one, two] = [world.nextPeer(), world.nextPeer()];
      const client = await world.connect({ returnRoutabilityCheck }, one, two);
      const [there] = [...server.associations()];
      const moves: Peer[] = [];
      there?.on('address', (peer) => moves.push(peer));
      expect(await echo(client, 'before')).to.equal('before');
      await client.rebind();
      there?.removeAllListeners('message');
      client.send(Buffer.from('from elsewhere'));
      await until(() => moves.length > 0);
      expect(moves).to.deep.equal([two]);
      expect(there?.remote).to.deep.equal(two);
      there?.on('message', (data) => there.send(data));
      expect(await echo(client, 'after')).to.equal('after');
      expect(server.counters).to.include({ peersMoved: 1, pathChallengesSent: returnRoutabilityCheck ? 1 : 0 });
    });
  }

  it('are not needed: a client without them stays where it is, and may not move', async () => {
    const server = world.serve({ connectionId: false });
    const client = await world.connect();
    expect(client.connectionId).to.equal(undefined);
    const refusal = await refusalOf(client.rebind());
    expect(refusal instanceof DtlsError && refusal.code).to.equal('OSGATE_DTLS_INVALID_ARGUMENT');
    const [there] = [...server.associations()];
    const other = await refusalOf(there?.rebind() ?? Promise.resolve());
    expect(other instanceof DtlsError && other.code).to.equal('OSGATE_DTLS_INVALID_ARGUMENT');
    expect(await echo(client, 'x')).to.equal('x');
  });

  it('may go both ways', async () => {
    const server = world.serve();
    const client = await world.connect({ connectionId: { length: 5 } });
    expect(client.connectionId?.local.length).to.equal(5);
    expect([...server.associations()][0]?.connectionId?.remote).to.deep.equal(client.connectionId?.local);
    expect(await echo(client, 'x')).to.equal('x');
  });

  it('of another worker are handed on, those of nobody counted', async () => {
    const key = Buffer.alloc(16, 3);
    const foreign: [number, Buffer, Peer][] = [];
    const server = world.serve({
      connectionId: { worker: 1, key },
      onForeignConnectionId: (worker, datagram, peer) => foreign.push([worker, datagram, peer]),
    });
    const other: Peer = { address: '192.0.2.2', port: 5684 };
    const second = world.serve({ connectionId: { worker: 2, key } }, other);
    const from = world.nextPeer();
    const sent: Buffer[] = [];
    const client = await world.connect({
      host: other.address,
      transport: (receive) => world.recorded(from, receive, sent),
    });
    client.send(Buffer.from('for the second'));
    const datagram = sent.at(-1) ?? Buffer.alloc(0);
    await turns();
    world.network.deliver(datagram, from, SERVER);
    await turns();
    expect(foreign).to.have.length(1);
    expect([foreign[0]?.[0], foreign[0]?.[2]]).to.deep.equal([2, from]);
    expect(foreign[0]?.[1]).to.deep.equal(datagram);
    // Handed on, it is at home there: a replay of what came already.
    second.receive(Buffer.from(datagram), from);
    expect(second.counters.replayedRecords).to.equal(1);
    const unknown = Buffer.from(datagram);
    unknown.fill(0xff, 11, 19);
    world.network.deliver(unknown, from, SERVER);
    world.network.deliver(datagram.subarray(0, 15), from, SERVER);
    await turns();
    expect(server.counters).to.include({ foreignConnectionIds: 1, unknownConnectionIds: 2 });
  });

  it('keep an association whose old port somebody else has got', async () => {
    const server = world.serve({ psk: { lookUp: async () => ({ key: KEY }) } });
    const [port, elsewhere] = [world.nextPeer(), world.nextPeer()];
    const mover = await world.connect({ psk: { identity: 'mover', key: KEY } }, port, elsewhere);
    await mover.rebind();
    const newcomer = await world.connect({ psk: { identity: 'newcomer', key: KEY } }, port);
    expect(server.size).to.equal(2);
    expect(await echo(mover, 'mover')).to.equal('mover');
    expect(await echo(newcomer, 'newcomer')).to.equal('newcomer');
    expect(server.counters.associationsReplaced).to.equal(0);
  });

  it('do not take an address from an association that has only its address', async () => {
    const server = world.serve();
    const address = world.nextPeer();
    const settled = await world.connect({ connectionId: false }, address);
    const sent: Buffer[] = [];
    let isCaught = false;
    const mover = await world.connect({
      transport: (receive) => world.recorded(world.nextPeer(), receive, sent, () => !isCaught),
    });
    // As if the mover could send from the address of the other.
    const [there] = [...server.associations()].filter(({ connectionId }) => connectionId !== undefined);
    const got = once(there ?? settled, 'message');
    isCaught = true;
    mover.send(Buffer.from('from there'));
    world.network.deliver(sent.at(-1) ?? Buffer.alloc(0), address, SERVER);
    await got;
    expect(server.counters.addressesShared).to.equal(1);
    expect(await echo(settled, 'still mine')).to.equal('still mine');
  });
});
