import { randomBytes } from 'node:crypto';
import { once } from 'node:events';

import { expect } from 'chai';
import fc from 'fast-check';

import { DtlsError, type DtlsServer, type HandshakeFailure, type Peer } from '../../../dtls/index.ts';
import { echo, KEY, MemoryWorld, refusalOf, SERVER, turns, until } from '../support/memory-world.ts';

/** Sends as somebody and keeps what comes back. */
class Stranger {
  readonly peer: Peer;
  readonly received: Buffer[] = [];
  sent = 0;
  readonly #world: MemoryWorld;

  constructor(world: MemoryWorld, peer: Peer = world.nextPeer()) {
    this.#world = world;
    this.peer = peer;
    world.network.open(peer, (datagram) => this.received.push(datagram));
  }

  send(datagram: Buffer): void {
    this.sent += datagram.length;
    this.#world.network.deliver(datagram, this.peer, SERVER);
  }

  get octetsReceived(): number {
    return this.received.reduce((sum, { length }) => sum + length, 0);
  }
}

/** What a client sends first, and again with a cookie. */
async function recordHellos(world: MemoryWorld): Promise<{ first: Buffer; second: Buffer; from: Peer }> {
  const sent: Buffer[] = [];
  const from = world.nextPeer();
  const signal = new AbortController();
  const attempt = refusalOf(
    world.connect({
      signal: signal.signal,
      // The second is kept.
      transport: (receive) => world.recorded(from, receive, sent, () => sent.length === 1),
    }),
  );
  await until(() => sent.length === 2);
  signal.abort();
  await attempt;
  const [first, second] = sent;
  if (first === undefined || second === undefined) throw new Error('no ClientHello');
  return { first, second, from };
}

function changed(datagram: Buffer, change: (copy: Buffer) => void): Buffer {
  const copy = Buffer.from(datagram);
  change(copy);
  return copy;
}

/** One bit of one octet is another. */
function flipped(datagram: Buffer, offset: number): Buffer {
  return changed(datagram, (copy) => copy.writeUInt8(copy.readUInt8(offset) ^ 1, offset));
}

/** Offsets in a datagram with a ClientHello: record header 13, handshake header 12, version 2, random 32. */
const VERSION_OFFSET = 25;
const RANDOM_OFFSET = 27;
const COOKIE_LENGTH_OFFSET = 60;

describe('strangers at a DTLS server', () => {
  let world: MemoryWorld;
  let server: DtlsServer;

  beforeEach(() => {
    world = new MemoryWorld();
    server = world.serve();
  });

  afterEach(async () => {
    await world.close();
  });

  it('lesson 7: no source receives more octets than it sent before its address is proven, nor any memory', async () => {
    const { first, second } = await recordHellos(world);
    const piece = fc.oneof(
      fc.constant(first),
      fc.constant(second),
      fc.uint8Array({ maxLength: 200 }).map((octets) => Buffer.from(octets)),
      fc.nat(first.length).map((length) => first.subarray(0, length)),
      fc
        .tuple(fc.nat(first.length - 1), fc.nat(255))
        .map(([at, value]) => changed(first, (copy) => (copy[at] = value))),
      fc
        .tuple(fc.nat(second.length - 1), fc.nat(255))
        .map(([at, value]) => changed(second, (copy) => (copy[at] = value))),
      fc
        .constantFrom(0xfeff, 0x0100, 0x0303, 0xfefc, 0)
        .map((version) => changed(first, (copy) => copy.writeUInt16BE(version, VERSION_OFFSET))),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
        const stranger = new Stranger(world);
        for (const datagram of pieces) {
          stranger.send(datagram);
          await turns(3);
          expect(stranger.octetsReceived).to.be.at.most(stranger.sent);
        }
        expect([server.halfOpen, server.size]).to.deep.equal([0, 0]);
      }),
      { numRuns: 150 },
    );
    expect(server.counters.handshakesStarted).to.equal(0);
    expect(server.counters.helloVerifyRequestsSent).to.be.greaterThan(0);
  });

  it('lesson 7: an odd version does not pass by the cookie', async () => {
    const { first } = await recordHellos(world);
    const before = server.counters.helloVerifyRequestsSent;
    for (const version of [0xfeff, 0xfefc, 0x0303, 0, 0xffff]) {
      const stranger = new Stranger(world);
      stranger.send(changed(first, (copy) => copy.writeUInt16BE(version, VERSION_OFFSET)));
      await turns(3);
      expect(stranger.received).to.have.length(1);
      // A HelloVerifyRequest, in the name of DTLS 1.0.
      expect(stranger.received[0]?.[13]).to.equal(3);
      expect(stranger.received[0]?.subarray(25, 27)).to.deep.equal(Buffer.from([0xfe, 0xff]));
    }
    expect(server.counters.helloVerifyRequestsSent - before).to.equal(5);
    expect(server.halfOpen).to.equal(0);
  });

  it('get the record sequence number and the message number of their ClientHello back', async () => {
    const { first } = await recordHellos(world);
    const stranger = new Stranger(world);
    stranger.send(
      changed(first, (copy) => {
        copy.writeUIntBE(0x010203040506, 5, 6);
        copy.writeUInt16BE(7, 17);
      }),
    );
    await turns(3);
    expect(stranger.received[0]?.readUIntBE(5, 6)).to.equal(0x010203040506);
    expect(stranger.received[0]?.readUInt16BE(17)).to.equal(7);
  });

  it('need the cookie of their own address and of the same ClientHello', async () => {
    const { second, from } = await recordHellos(world);
    for (const hello of [
      flipped(second, RANDOM_OFFSET),
      flipped(second, COOKIE_LENGTH_OFFSET + 1),
      // The last suite that is offered.
      flipped(second, COOKIE_LENGTH_OFFSET + 17 + 2),
    ])
      new Stranger(world, from).send(hello);
    new Stranger(world).send(second);
    new Stranger(world, { address: '198.51.100.8', port: from.port }).send(second);
    await turns();
    expect(server.counters).to.include({ invalidCookies: 5, handshakesStarted: 0 });
    new Stranger(world, from).send(second);
    await turns();
    expect(server.counters.handshakesStarted).to.equal(1);
  });

  it('may use a cookie for two periods of the secret, no longer', async () => {
    await server.close();
    const rotating = world.serve({ cookieRotationMilliseconds: 300 });
    const { second, from } = await recordHellos(world);
    await new Promise((resolve) => setTimeout(resolve, 310));
    // Somebody else's ClientHello makes the secret rotate.
    await recordHellos(world);
    new Stranger(world, from).send(second);
    await turns();
    expect(rotating.counters.handshakesStarted).to.equal(1);
    const later = await recordHellos(world);
    await new Promise((resolve) => setTimeout(resolve, 610));
    new Stranger(world, later.from).send(later.second);
    await turns();
    expect(rotating.counters).to.include({ handshakesStarted: 1, invalidCookies: 1 });
  });

  it('lesson 6: fragments, cut ClientHellos and garbage do nothing, and the server goes on', async () => {
    const { first } = await recordHellos(world);
    const before = { ...server.counters };
    const stranger = new Stranger(world);
    for (let length = 0; length < first.length; length++) stranger.send(first.subarray(0, length));
    stranger.send(changed(first, (copy) => copy.writeUIntBE(copy.readUIntBE(22, 3) - 1, 22, 3)));
    stranger.send(changed(first, (copy) => copy.writeUIntBE(1, 19, 3)));
    for (let count = 0; count < 200; count++) stranger.send(randomBytes(count));
    // What only a server says, and data.
    for (const type of [2, 3, 11, 14, 20]) stranger.send(changed(first, (copy) => (copy[13] = type)));
    stranger.send(changed(first, (copy) => (copy[0] = 23)));
    stranger.send(changed(first, (copy) => (copy[4] = 1)));
    await turns();
    expect(stranger.received).to.have.length(0);
    const { malformedClientHellos, strangeDatagrams, unknownConnectionIds, datagramsReceived } = server.counters;
    expect(datagramsReceived - before.datagramsReceived).to.equal(
      malformedClientHellos + strangeDatagrams + unknownConnectionIds,
    );
    expect(await echo(await world.connect(), 'still there')).to.equal('still there');
  });

  it('are answered up to a rate, and up to a size', async () => {
    await server.close();
    const strict = world.serve({ limits: { helloVerifyRequestsPerSecond: 2, clientHelloBytes: 512 } });
    const { first } = await recordHellos(world);
    const stranger = new Stranger(world);
    for (let count = 0; count < 5; count++) stranger.send(first);
    const long = Buffer.concat([first, Buffer.alloc(512 - first.length + 14)]);
    long.writeUInt16BE(long.length - 13, 11);
    stranger.send(long);
    await turns();
    expect(stranger.received).to.have.length(1);
    expect(strict.counters).to.include({ helloVerifyRequestsLimited: 4, oversizedClientHellos: 1 });
  });

  describe('that have proven their address', () => {
    /** Begins a handshake and goes no further. */
    async function halfOpen(): Promise<void> {
      const { second, from } = await recordHellos(world);
      new Stranger(world, from).send(second);
      await turns();
    }

    it('are refused at the bounds, while those before them go on', async () => {
      await server.close();
      const bounded = world.serve({ limits: { halfOpen: 3, halfOpenPerAddress: 2, associations: 4 } });
      const client = await world.connect();
      await halfOpen();
      await halfOpen();
      await halfOpen();
      expect(bounded.halfOpen).to.equal(2);
      expect(bounded.counters.halfOpenPerAddressRefused).to.equal(1);
      const elsewhere = world.nextPeer.bind(world);
      world.nextPeer = () => ({ ...elsewhere(), address: '203.0.113.9' });
      await halfOpen();
      expect(bounded.halfOpen).to.equal(3);
      await halfOpen();
      expect(bounded.counters.halfOpenRefused).to.equal(1);
      expect(await echo(client, 'x')).to.equal('x');
      await bounded.close();
      const full = world.serve({ limits: { associations: 1 } });
      const only = await world.connect();
      const refusal = await refusalOf(world.connect({ handshakeTimeoutMilliseconds: 30 }));
      expect(refusal instanceof DtlsError && refusal.code).to.equal('OSGATE_DTLS_HANDSHAKE_TIMEOUT');
      expect(full.counters.associationsRefused).to.be.greaterThan(0);
      expect(await echo(only, 'x')).to.equal('x');
    });

    it('get their place back when they leave', async () => {
      await server.close();
      const bounded = world.serve({
        limits: { halfOpen: 1 },
        handshakeTimeoutMilliseconds: 30,
        psk: { lookUp: async () => ({ key: KEY }) },
      });
      await halfOpen();
      const [failure] = (await once(bounded, 'failure')) as [HandshakeFailure];
      expect(failure).to.include({ reason: 'handshake-timeout' });
      expect(await echo(await world.connect(), 'x')).to.equal('x');
    });
  });
});
