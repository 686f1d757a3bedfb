import { randomBytes } from 'node:crypto';

import { expect } from 'chai';

import { ChallengedSources } from '../../../../lib/sec1/admission/challenged-sources.ts';
import { Source } from '../../../../lib/sec1/admission/source.ts';
import { SourceTable } from '../../../../lib/sec1/admission/source-table.ts';
import { TokenBuckets } from '../../../../lib/sec1/admission/token-buckets.ts';

const fixed = (octets: number): Buffer => Buffer.alloc(octets, 7);

function reader() {
  const source = new Source(fixed);
  return (port: number, address = '192.0.2.1'): Source => {
    source.read(address, port, 0);
    return source;
  };
}

describe('admission: SourceTable', () => {
  it('holds sources until they expire, and refuses the new rather than push an old one out', () => {
    const table = new SourceTable(100, 1);
    const read = reader();
    let kept = 0;
    for (let port = 0; port < 1000; port++) {
      const { words, flowHash } = read(port);
      if (table.put(words, flowHash, 0, 1000) >= 0) kept++;
    }
    expect(kept).to.equal(100);
    expect(table.size).to.equal(100);
    const present = Array.from({ length: 1000 }, (_, port) => read(port)).filter(
      (source, port) => table.find(read(port).words, source.flowHash, 999) >= 0,
    );
    expect(present.length).to.equal(100);
    const { words, flowHash } = read(5000);
    expect(table.put(words, flowHash, 999, 2000)).to.equal(-1);
    for (let port = 0; port < 1000; port++) expect(table.find(read(port).words, flowHash, 1000)).to.equal(-1);
    table.sweep(1000, 100_000);
    expect(table.size).to.equal(0);
    expect(table.put(read(5000).words, flowHash, 1000, 2000)).to.be.at.least(0);
  });

  it('keeps data and a new expiry of a source that is put again, and gives a new one zeros', () => {
    const table = new SourceTable(10, 2);
    const { words, flowHash } = reader()(1);
    const place = table.put(words, flowHash, 0, 10);
    table.data[place * 2] = 5;
    expect(table.put(words, flowHash, 5, 20)).to.equal(place);
    expect(table.data[place * 2]).to.equal(5);
    expect(table.find(words, flowHash, 19)).to.equal(place);
    expect(table.put(words, flowHash, 20, 30)).to.equal(place);
    expect(table.data[place * 2]).to.equal(0);
    expect(table.size).to.equal(1);
  });
});

describe('admission: TokenBuckets', () => {
  it('lets a burst through, then so many a second', () => {
    const buckets = new TokenBuckets({ perSecond: 10, burst: 5 }, 1024);
    const { flowHash } = reader()(1);
    const taken = (now: number): number => {
      let count = 0;
      while (buckets.take(flowHash, now)) count++;
      return count;
    };
    expect(taken(0)).to.equal(5);
    expect(taken(50)).to.equal(0);
    expect(taken(100)).to.equal(1);
    expect(taken(400)).to.equal(3);
    expect(taken(100_000)).to.equal(5);
  });

  it('a flood from a hundred thousand made-up sources leaves an honest one its tokens', () => {
    const buckets = new TokenBuckets({ perSecond: 50, burst: 200 }, 65_536);
    const read = reader();
    const honest = new Source(fixed);
    honest.read('198.51.100.1', 5060, 0);
    let refused = 0;
    for (let count = 0; count < 100_000; count++) {
      const now = count / 50;
      buckets.take(read(count & 0xffff, `203.0.113.${count >> 16}`).flowHash, now);
      if (count % 1000 === 0 && !buckets.take(honest.flowHash, now)) refused++;
    }
    expect(refused).to.equal(0);
  });
});

describe('admission: ChallengedSources', () => {
  it('remembers a challenge for its time, and is not emptied by a flood of others', () => {
    const challenged = new ChallengedSources(5000, 65_536);
    const read = reader();
    challenged.add(read(5060).flowHash, 0);
    for (let count = 0; count < 200_000; count++) {
      challenged.add(read(count & 0xffff, `203.0.113.${count >> 16}`).flowHash, 1);
    }
    expect(challenged.has(read(5060).flowHash, 5000)).to.equal(true);
    expect(challenged.has(read(5060).flowHash, 5002)).to.equal(false);
  });

  it('takes few strangers for challenged ones', () => {
    const challenged = new ChallengedSources(5000, 65_536);
    const source = new Source(randomBytes);
    for (let port = 0; port < 5000; port++) {
      source.read('192.0.2.1', port, 0);
      challenged.add(source.flowHash, 0);
    }
    let mistaken = 0;
    for (let port = 0; port < 10_000; port++) {
      source.read('198.51.100.1', port, 0);
      if (challenged.has(source.flowHash, 1)) mistaken++;
    }
    // 0.5 % are expected: two places, each taken with a chance of 7 %.
    expect(mistaken).to.be.below(150);
  });
});
