import { expect } from 'chai';
import fc from 'fast-check';

import { createDtlsCounters } from '../../../dtls/association/counters.ts';
import { DEFAULT_ASSOCIATION_LIMITS } from '../../../dtls/association/limits.ts';
import { writeHandshakeHeader } from '../../../dtls/handshake/handshake-message.ts';
import { MemoryBudget } from '../../../dtls/handshake/memory-budget.ts';
import { Reassembler } from '../../../dtls/handshake/reassembler.ts';

interface Fragment {
  readonly sequence: number;
  readonly start: number;
  readonly size: number;
}

function message(sequence: number, length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, index) => (index * 7 + sequence * 31) & 0xff));
}

function fragment(body: Buffer, { sequence, start, size }: Fragment, type = 11): Buffer {
  const octets = Buffer.alloc(12 + size);
  writeHandshakeHeader(octets, 0, type, body.length, sequence, start, size);
  body.copy(octets, 12, start, start + size);
  return octets;
}

function create(limits: Partial<typeof DEFAULT_ASSOCIATION_LIMITS> = {}, budget = new MemoryBudget(1_000_000)) {
  const counters = createDtlsCounters();
  return {
    counters,
    budget,
    reassembler: new Reassembler({ ...DEFAULT_ASSOCIATION_LIMITS, ...limits }, budget, counters, 0),
  };
}

function drain(reassembler: Reassembler): Buffer[] {
  const bodies: Buffer[] = [];
  for (let next = reassembler.next(); next !== undefined; next = reassembler.next()) {
    expect(next.octets.readUIntBE(9, 3)).to.equal(next.body.length);
    bodies.push(Buffer.from(next.body));
  }
  return bodies;
}

describe('dtls: reassembly of handshake messages', () => {
  it('puts fragments of any size, overlapping, repeated and in any order together', () => {
    const messages = fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(messages, fc.infiniteStream(fc.nat()), (lengths, numbers) => {
        const draw = (below: number): number => (numbers.next().value ?? 0) % below;
        const bodies = lengths.map((length, sequence) => message(sequence, length));
        const fragments: Buffer[] = [];
        bodies.forEach((body, sequence) => {
          for (let start = 0; start < body.length || body.length === 0;) {
            const size = body.length === 0 ? 0 : 1 + draw(body.length - start);
            const back = Math.min(start, draw(20));
            fragments.push(fragment(body, { sequence, start: start - back, size: size + back }));
            start += size;
            if (body.length === 0) break;
          }
        });
        for (let extra = draw(10); extra > 0; extra--)
          fragments.push(fragments[draw(fragments.length)] ?? Buffer.alloc(0));
        for (let index = fragments.length - 1; index > 0; index--) {
          const other = draw(index + 1);
          [fragments[index], fragments[other]] = [fragments[other] as Buffer, fragments[index] as Buffer];
        }
        const { reassembler, budget, counters } = create();
        const given: Buffer[] = [];
        for (const octets of fragments) {
          expect(reassembler.take(octets, 0, 0)).to.equal(octets.length);
          given.push(...drain(reassembler));
        }
        expect(given).to.deep.equal(bodies);
        expect(budget.used).to.equal(0);
        expect(counters.malformedHandshakeMessages + counters.fragmentsRefused).to.equal(0);
      }),
    );
  });

  it('takes memory for what has come, not for what a header announces, and gives it back', () => {
    const { reassembler, budget } = create();
    reassembler.take(fragment(message(0, 30_000), { sequence: 0, start: 0, size: 1 }), 0, 0);
    expect(budget.used).to.be.lessThan(300);
    reassembler.clear();
    expect(budget.used).to.equal(0);
  });

  it('refuses messages above the allowed size', () => {
    const { reassembler, counters } = create({ maximumMessage: 1000 });
    expect(reassembler.take(fragment(message(0, 1001), { sequence: 0, start: 0, size: 10 }), 0, 0)).to.equal(-1);
    expect(counters.oversizedHandshakeMessages).to.equal(1);
  });

  it('refuses more fragments of a message than allowed', () => {
    const { reassembler, counters } = create({ maximumFragments: 3 });
    const body = message(0, 100);
    for (let start = 0; start < 5; start++)
      reassembler.take(fragment(body, { sequence: 0, start: 2 * start, size: 1 }), 0, 0);
    expect(counters.fragmentsRefused).to.equal(2);
  });

  it('refuses messages too far ahead', () => {
    const { reassembler, counters } = create({ maximumFutureMessages: 2 });
    expect(reassembler.take(fragment(message(2, 10), { sequence: 2, start: 0, size: 10 }), 0, 0)).to.be.greaterThan(0);
    expect(reassembler.take(fragment(message(3, 10), { sequence: 3, start: 0, size: 10 }), 0, 0)).to.equal(-1);
    expect(counters.futureMessagesRefused).to.equal(1);
  });

  it('refuses what the memory of all half-open handshakes has no room for, and lets the old go on', () => {
    const budget = new MemoryBudget(600);
    const one = create({}, budget);
    const other = create({}, budget);
    const body = message(0, 400);
    one.reassembler.take(fragment(body, { sequence: 0, start: 0, size: 300 }), 0, 0);
    other.reassembler.take(fragment(body, { sequence: 0, start: 0, size: 300 }), 0, 0);
    expect(other.counters.halfOpenMemoryRefused).to.equal(1);
    other.reassembler.clear();
    one.reassembler.take(fragment(body, { sequence: 0, start: 300, size: 100 }), 0, 0);
    expect(drain(one.reassembler)).to.deep.equal([body]);
    expect(budget.used).to.equal(0);
  });

  it('refuses fragments that contradict each other, are empty for no reason, or are cut short', () => {
    const { reassembler, counters } = create();
    const body = message(0, 100);
    reassembler.take(fragment(body, { sequence: 0, start: 0, size: 10 }), 0, 0);
    reassembler.take(fragment(message(0, 101), { sequence: 0, start: 10, size: 10 }), 0, 0);
    reassembler.take(fragment(body, { sequence: 0, start: 10, size: 10 }, 12), 0, 0);
    reassembler.take(fragment(body, { sequence: 0, start: 10, size: 10 }), 0, 1);
    expect(counters.fragmentsRefused).to.equal(3);
    expect(reassembler.take(fragment(body, { sequence: 0, start: 5, size: 0 }), 0, 0)).to.equal(-1);
    expect(reassembler.take(fragment(body, { sequence: 0, start: 10, size: 10 }).subarray(0, 20), 0, 0)).to.equal(-1);
    const beyond = fragment(body, { sequence: 0, start: 90, size: 10 });
    beyond.writeUIntBE(95, 6, 3);
    expect(reassembler.take(beyond, 0, 0)).to.equal(-1);
    expect(counters.malformedHandshakeMessages).to.equal(3);
  });
});
