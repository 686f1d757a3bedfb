import { expect } from 'chai';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';

import { encodeFrame, RelayFrameReader, type RelayFrame } from '../../../../lib/gateway/workers/relay-frame.ts';
import { WorkerRelay } from '../../../../lib/gateway/workers/worker-relay.ts';

const PEER = { address: '2001:db8::1', port: 5060 };

describe('frames between workers', () => {
  it('come out as they went in, however the stream is cut', () => {
    const datagrams = fc.array(fc.uint8Array({ maxLength: 2000 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(datagrams, fc.integer({ min: 1, max: 500 }), (contents, step) => {
        const stream = Buffer.concat(contents.map((one) => encodeFrame('send', 3, PEER, Buffer.from(one))));
        const frames: RelayFrame[] = [];
        const reader = new RelayFrameReader((frame) => void frames.push(frame));
        for (let at = 0; at < stream.length; at += step) {
          expect(reader.read(stream.subarray(at, at + step))).to.equal(true);
        }
        expect(frames).to.deep.equal(
          contents.map((one) => ({ kind: 'send', listener: 3, peer: PEER, datagram: Buffer.from(one) })),
        );
      }),
    );
  });

  it('that make no sense end the stream', () => {
    const reader = new RelayFrameReader(() => undefined);
    expect(reader.read(Buffer.from('ffffffff00', 'hex'))).to.equal(false);
    expect(reader.read(Buffer.from('000000050900000000', 'hex')), 'an unknown kind').to.equal(false);
  });
});

describe('the relay between workers', () => {
  let folder: string;
  let relays: WorkerRelay[];
  const taken: { readonly worker: number; readonly how: string; readonly frame: RelayFrame }[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'osgate-relay-'));
    taken.length = 0;
    relays = [];
    for (const slot of [0, 1]) relays.push(await open(slot));
  });

  afterEach(async () => {
    await Promise.all(relays.map((relay) => relay.close()));
    await rm(folder, { recursive: true });
  });

  const open = (slot: number): Promise<WorkerRelay> =>
    WorkerRelay.open({
      folder,
      slot,
      workers: 2,
      queueBytes: 65_536,
      onReceived: (frame) => void taken.push({ worker: slot, how: 'received', frame }),
      onSend: (frame) => void taken.push({ worker: slot, how: 'send', frame }),
    });

  const arrived = async (count: number): Promise<void> => {
    while (taken.length < count) await delay(5);
  };

  it('carries what came in for another worker, with where it came from, up to the largest datagram', async () => {
    const largest = Buffer.alloc(65_535, 7);
    relays[0]?.handOver(1, 2, PEER, Buffer.from('small'));
    relays[0]?.handOver(1, 0, PEER, largest);
    await arrived(2);
    expect(taken[0]).to.deep.include({ worker: 1, how: 'received' });
    expect(taken[0]?.frame).to.deep.equal({
      kind: 'received',
      listener: 2,
      peer: PEER,
      datagram: Buffer.from('small'),
    });
    expect(taken[1]?.frame.datagram.equals(largest)).to.equal(true);
  });

  it('sends by the transport of another worker, and at once by its own', async () => {
    expect(relays[0]?.send(0, 1, PEER, Buffer.from('own'))).to.equal(true);
    expect(taken[0]).to.deep.include({ worker: 0, how: 'send' });
    expect(relays[0]?.send(1, 1, PEER, Buffer.from('other'))).to.equal(true);
    await arrived(2);
    expect(taken[1]).to.deep.include({ worker: 1, how: 'send' });
  });

  it('tells when another worker has dealt with what was wanted in order', async () => {
    const [relay] = relays;
    const done: string[] = [];
    if (relay !== undefined) relay.onDone = (name) => void done.push(name);
    for (const name of ['a', 'b', 'c']) relay?.handOver(1, 0, PEER, Buffer.from(name), name);
    while (done.length < 3) await delay(5);
    expect(done).to.deep.equal(['a', 'b', 'c']);
  });

  it('drops and counts what goes beyond its queue, and what is for a worker that there is not', () => {
    const [relay] = relays;
    let dropped = 0;
    for (let count = 0; count < 100; count++) {
      // Nothing leaves before the connection is made, in a later turn of the event loop.
      if (relay?.send(1, 0, PEER, Buffer.alloc(10_000)) === false) dropped++;
    }
    expect(dropped).to.equal(93);
    expect(relay?.send(2, 0, PEER, Buffer.alloc(1))).to.equal(false);
    expect(relay?.counters.dropped).to.equal(94);
  });

  it('goes on with the successor of a worker that is gone', async () => {
    relays[0]?.send(1, 0, PEER, Buffer.from('first'));
    await arrived(1);
    await relays[1]?.close();
    relays[1] = await open(1);
    while (taken.length < 2) {
      relays[0]?.send(1, 0, PEER, Buffer.from('again'));
      await delay(5);
    }
    expect(taken[1]?.frame.datagram.toString()).to.equal('again');
  });
});
