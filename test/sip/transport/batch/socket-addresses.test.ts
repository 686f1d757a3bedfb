import { networkInterfaces } from 'node:os';

import { expect } from 'chai';
import fc from 'fast-check';

import { formatAddress } from '../../../../sip/index.ts';
import { SocketAddresses } from '../../../../sip/transport/batch/socket-addresses.ts';

describe('socket addresses of Linux', () => {
  const octets = (length: number): fc.Arbitrary<string> =>
    fc.uint8Array({ minLength: length, maxLength: length }).map((some) => formatAddress(Buffer.from(some)));

  it('read as they were written, wherever in memory, and who comes again is one object', () => {
    const addresses = new SocketAddresses();
    const memory = Buffer.alloc(100, 0xff);
    fc.assert(
      fc.property(fc.oneof(octets(4), octets(16)), fc.nat(65_535), fc.nat(72), (address, port, start) => {
        const written = addresses.write({ address, port }, memory, start);
        expect(written).to.equal(address.includes(':') ? 28 : 16);
        const peer = addresses.read(memory, start);
        expect(peer).to.deep.equal({ address, port });
        const again = addresses.read(memory, start);
        expect(again).to.deep.equal(peer);
        expect(addresses.read(memory, start)).to.equal(again);
      }),
    );
  });

  it('have the layout of ip(7) and ipv6(7)', () => {
    const addresses = new SocketAddresses();
    const memory = Buffer.alloc(28);
    addresses.write({ address: '192.0.2.33', port: 5060 }, memory, 0);
    expect(memory.toString('hex', 0, 16)).to.equal('020013c4c00002210000000000000000');
    addresses.write({ address: '2001:db8::21', port: 5061 }, memory, 0);
    expect(memory.toString('hex')).to.equal('0a0013c50000000020010db800000000000000000000002100000000');
  });

  it('name the zone of an address that has one, and leave it to others to send there', () => {
    const addresses = new SocketAddresses();
    const memory = Buffer.from('0a0013c500000000fe80000000000000000000000000000100000000', 'hex');
    memory.writeUInt32LE(4_000_000, 24);
    expect(addresses.read(memory, 0)).to.deep.equal({ address: 'fe80::1%4000000', port: 5061 });
    expect(addresses.write({ address: 'fe80::1%eth0', port: 5060 }, memory, 0)).to.equal(0);
    for (const [name, all] of Object.entries(networkInterfaces())) {
      for (const one of all ?? []) {
        if (one.family !== 'IPv6' || one.scopeid === 0) continue;
        memory.writeUInt32LE(one.scopeid, 24);
        expect(addresses.read(memory, 0).address).to.equal(`fe80::1%${name}`);
      }
    }
  });

  it('of one host, and of one network, seldom want one place', () => {
    const memory = Buffer.alloc(28);
    for (const peerOf of [
      (number: number) => ({ address: '192.0.2.1', port: 20_000 + number }),
      (number: number) => ({ address: `10.0.0.${number}`, port: 5060 }),
    ]) {
      const addresses = new SocketAddresses();
      const peers = Array.from({ length: 200 }, (_, number) => peerOf(number));
      const readAll = (): unknown[] =>
        peers.map((peer) => {
          addresses.write(peer, memory, 0);
          return addresses.read(memory, 0);
        });
      readAll();
      const second = readAll();
      const third = readAll();
      expect(third.filter((peer, index) => peer === second[index]).length).to.be.greaterThan(160);
    }
  });

  it('push each other out when there are too many, and are read and written right all the same', () => {
    const addresses = new SocketAddresses();
    const memory = Buffer.alloc(28);
    for (let number = 0; number < 14_000; number++) {
      const many = number % 7000;
      const ipv4 = { address: `10.1.${many >> 8}.${many & 255}`, port: 1 + many };
      const ipv6 = { address: `2001:db8::${(1 + many).toString(16)}`, port: 1 + many };
      for (const peer of number % 3 === 0 ? [ipv4, ipv6] : [ipv6, ipv4]) {
        addresses.write(peer, memory, 0);
        expect(addresses.read(memory, 0)).to.deep.equal(peer);
      }
    }
  });
});
