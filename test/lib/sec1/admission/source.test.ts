import { randomBytes } from 'node:crypto';
import { isIPv4 } from 'node:net';

import { expect } from 'chai';

import { KeyedHash } from '../../../../lib/sec1/admission/keyed-hash.ts';
import { readAddress, Source } from '../../../../lib/sec1/admission/source.ts';

function wordsOf(address: string): string {
  const words = new Uint32Array(5);
  readAddress(address, words);
  return [...words.subarray(0, 4)].map((word) => word.toString(16)).join(' ');
}

/** What the WHATWG URL parser makes of an IPv6 address, group by group: a reader that is not ours. */
function groupsOf(address: string): string {
  const text = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = '', tail] = text.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const middle = tail === undefined ? [] : new Array<string>(8 - left.length - right.length).fill('0');
  const groups = [...left, ...middle, ...right].map((group) => Number.parseInt(group, 16));
  const words = [0, 2, 4, 6].map((at) => (((groups[at] ?? 0) << 16) | (groups[at + 1] ?? 0)) >>> 0);
  return words.map((word) => word.toString(16)).join(' ');
}

describe('admission: sources', () => {
  it('reads IPv4 and IPv6 addresses, mapped ones as IPv4, and leaves a zone out', () => {
    expect(wordsOf('192.0.2.1')).to.equal('0 0 ffff c0000201');
    expect(wordsOf('255.255.255.255')).to.equal('0 0 ffff ffffffff');
    expect(wordsOf('::ffff:192.0.2.1')).to.equal('0 0 ffff c0000201');
    expect(wordsOf('::1')).to.equal('0 0 0 1');
    expect(wordsOf('::')).to.equal('0 0 0 0');
    expect(wordsOf('fe80::1:2%eth0')).to.equal('fe800000 0 0 10002');
    expect(wordsOf('2001:db8::')).to.equal('20010db8 0 0 0');
  });

  it('reads every IPv6 address as the URL parser does', () => {
    for (let round = 0; round < 2000; round++) {
      const groups = Array.from({ length: 8 }, () => (Math.random() < 0.6 ? '0' : randomBytes(2).toString('hex')));
      const address = new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
      if (isIPv4(address.slice(address.lastIndexOf(':') + 1))) continue;
      expect(wordsOf(address), address).to.equal(groupsOf(address));
      expect(wordsOf(groups.join(':')), groups.join(':')).to.equal(groupsOf(address));
    }
  });

  it('takes an IPv6 network of 64 bits for one address, and each IPv4 address for itself', () => {
    const source = new Source(randomBytes);
    const network = (address: string): string => {
      source.read(address, 5060, 0);
      return `${source.network().join()} ${source.addressHash.first}`;
    };
    expect(network('2001:db8:1:2::1')).to.equal(network('2001:db8:1:2:ffff::9'));
    expect(network('2001:db8:1:2::1')).not.to.equal(network('2001:db8:1:3::1'));
    expect(network('192.0.2.1')).not.to.equal(network('192.0.2.2'));
    expect(network('192.0.2.1')).to.equal(network('::ffff:192.0.2.1'));
  });

  it('tells ports and transports apart', () => {
    const source = new Source(randomBytes);
    const hash = (port: number, transport: number): number => {
      source.read('192.0.2.1', port, transport);
      return source.flowHash.first;
    };
    expect(new Set([hash(5060, 0), hash(5061, 0), hash(5060, 1)]).size).to.equal(3);
    expect(hash(5060, 0)).to.equal(hash(5060, 0));
  });

  it('hashes with a key: what collides under one does not under another, and places are used evenly', () => {
    const words = new Uint32Array(2);
    const one = new KeyedHash(Buffer.from('0001020304050607', 'hex'));
    const other = new KeyedHash(Buffer.from('0001020304050608', 'hex'));
    const buckets = new Uint32Array(256);
    const seconds = new Uint32Array(256);
    const colliding: number[] = [];
    for (let port = 0; port < 65_536; port++) {
      words[1] = port;
      one.update(words, 0, 2);
      const place = one.first & 255;
      buckets[place] = (buckets[place] ?? 0) + 1;
      seconds[one.second & 255] = (seconds[one.second & 255] ?? 0) + 1;
      if (place === 0) colliding.push(port);
    }
    // 256 are expected in each; one in ten thousand runs with another key would leave six standard deviations.
    expect(Math.max(...buckets, ...seconds)).to.be.below(352);
    expect(Math.min(...buckets, ...seconds)).to.be.above(160);
    const places = new Set(
      colliding.map((port) => {
        words[1] = port;
        other.update(words, 0, 2);
        return other.first & 255;
      }),
    );
    expect(places.size).to.be.above(100);
  });
});
