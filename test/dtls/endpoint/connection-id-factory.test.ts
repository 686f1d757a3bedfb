import { randomBytes } from 'node:crypto';

import { expect } from 'chai';

import { ConnectionIdFactory } from '../../../dtls/endpoint/connection-id-factory.ts';

const KEY = Buffer.alloc(16, 7);

describe('connection identifiers', () => {
  it('carry the number of their worker, for every worker that has the key', () => {
    const workers = [0, 1, 200, 255].map(
      (worker) => new ConnectionIdFactory({ worker, key: KEY, random: randomBytes }),
    );
    for (const one of workers) {
      const id = one.make();
      expect(id.length).to.equal(8);
      const datagram = Buffer.concat([Buffer.alloc(11), id, Buffer.alloc(30)]);
      for (const other of workers) expect(other.workerOf(datagram, 11)).to.equal(one.worker);
    }
  });

  it('do not repeat, and do not show the number', () => {
    const factory = new ConnectionIdFactory({ worker: 5, key: KEY, random: randomBytes });
    const ids = Array.from({ length: 2000 }, () => factory.make());
    expect(new Set(ids.map((id) => id.toString('hex'))).size).to.equal(2000);
    // Were the number readable, one of the last octets would have few values.
    for (const offset of [6, 7]) expect(new Set(ids.map((id) => id[offset])).size).to.be.greaterThan(200);
  });

  it('of others are told from ours, and are read within the datagram only', () => {
    const ours = new ConnectionIdFactory({ worker: 1, key: KEY, random: randomBytes });
    const others = new ConnectionIdFactory({ worker: 1, key: Buffer.alloc(16, 8), random: randomBytes });
    const recognised = Array.from({ length: 500 }, () => ours.workerOf(others.make(), 0)).filter(
      (worker) => worker !== undefined,
    );
    // One in 256 has the right last octet by chance.
    expect(recognised.length).to.be.lessThan(20);
    expect(ours.workerOf(ours.make(), 1)).to.equal(undefined);
  });

  it('have the length that was asked for', () => {
    for (const length of [4, 8, 20]) {
      const factory = new ConnectionIdFactory({ worker: 9, length, key: KEY, random: randomBytes });
      const id = factory.make();
      expect(id.length).to.equal(length);
      expect(factory.workerOf(id, 0)).to.equal(9);
    }
  });
});
