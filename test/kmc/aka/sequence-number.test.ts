import { expect } from 'chai';
import fc from 'fast-check';
import {
  formatSqn,
  hasSeparationBit,
  indexOf,
  MAXIMUM_SQN,
  nextSqn,
  parseSqn,
  resynchronisedSqn,
  sequenceOf,
  SqnArray,
} from '../../../kmc/aka/index.ts';
import { KmcError } from '../../../kmc/errors.ts';

describe('SQN', () => {
  it('is 6 octets, big endian', () => {
    expect(formatSqn(0xff9bb4d0b607n).toString('hex')).to.equal('ff9bb4d0b607');
    expect(parseSqn(formatSqn(MAXIMUM_SQN))).to.equal(MAXIMUM_SQN);
    expect(() => parseSqn(Buffer.alloc(5))).to.throw(KmcError);
  });

  it('advances SEQ by one and takes the IND of the caller', () => {
    expect(nextSqn(0n, 5)).to.equal(0x25n);
    expect(nextSqn(0x25n, 5)).to.equal(0x45n);
    expect(nextSqn(0x3fn, 0)).to.equal(0x40n);
    expect(nextSqn(7n, 0, 0)).to.equal(8n);
  });

  it('never goes back and always has the IND asked for', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, MAXIMUM_SQN - 64n), fc.integer({ min: 0, max: 31 }), (sqn, ind) => {
        const next = nextSqn(sqn, ind);
        expect(next > sqn).to.equal(true);
        expect(indexOf(next)).to.equal(ind);
        expect(sequenceOf(next) - sequenceOf(sqn)).to.equal(1n);
      }),
    );
  });

  it('refuses to wrap round after 2^48 - 1', () => {
    expect(nextSqn(MAXIMUM_SQN - 32n, 31)).to.equal(MAXIMUM_SQN);
    expect(() => nextSqn(MAXIMUM_SQN, 0))
      .to.throw(KmcError)
      .with.property('code', 'OSGATE_KMC_SYNCHRONISATION_FAILURE');
  });

  it('refuses an IND that does not fit', () => {
    for (const [ind, bits] of [
      [32, 5],
      [-1, 5],
      [0.5, 5],
      [0, 17],
      [1, 0],
    ] as const) {
      expect(() => nextSqn(0n, ind, bits))
        .to.throw(KmcError)
        .with.property('code', 'OSGATE_KMC_INVALID_ARGUMENT');
    }
  });

  it('is set to SQN_MS by a resynchronisation only when the next one would be refused', () => {
    expect(resynchronisedSqn(0x100n, 0x4000n)).to.equal(0x4000n);
    expect(resynchronisedSqn(0x4000n, 0x100n)).to.equal(0x4000n);
    expect(resynchronisedSqn(0x4000n, 0x4000n)).to.equal(0x4000n);
    expect(resynchronisedSqn(1n << 40n, 0x100n)).to.equal(0x100n);
  });

  it('has a separation bit in the AMF that is the most significant one', () => {
    expect(hasSeparationBit(Buffer.from('8000', 'hex'))).to.equal(true);
    expect(hasSeparationBit(Buffer.from('7fff', 'hex'))).to.equal(false);
  });
});

describe('SqnArray', () => {
  it('accepts a fresh SQN once', () => {
    const array = new SqnArray();
    expect(array.accept(nextSqn(0n, 3))).to.equal('accepted');
    expect(array.accept(nextSqn(0n, 3))).to.equal('not-fresh');
    expect(array.accept(0n)).to.equal('not-fresh');
  });

  it('accepts vectors of different INDs out of order', () => {
    const array = new SqnArray();
    expect(array.accept((9n << 5n) + 1n)).to.equal('accepted');
    expect(array.accept((4n << 5n) + 2n)).to.equal('accepted');
    expect(array.accept((4n << 5n) + 1n)).to.equal('not-fresh');
    expect(array.sqnMs).to.equal((9n << 5n) + 1n);
  });

  it('refuses a jump beyond delta, measured from the highest SEQ of the array', () => {
    const array = new SqnArray();
    expect(array.check(((1n << 28n) + 1n) << 5n)).to.equal('jump-too-large');
    expect(array.accept((1n << 28n) << 5n)).to.equal('accepted');
    expect(array.check((2n << 28n) << 5n)).to.equal('accepted');
    expect(array.check(1n << 48n)).to.equal('jump-too-large');
  });

  it('refuses what is L or more behind, where there is an age limit', () => {
    const array = new SqnArray({ ageLimit: 10n });
    expect(array.accept((100n << 5n) + 1n)).to.equal('accepted');
    expect(array.check((90n << 5n) + 2n)).to.equal('too-old');
    expect(array.check((91n << 5n) + 2n)).to.equal('accepted');
  });

  it('goes on after a restart from what it had accepted', () => {
    const array = new SqnArray();
    array.accept((9n << 5n) + 1n);
    array.accept((4n << 5n) + 2n);
    const restarted = new SqnArray({ accepted: array.accepted() });
    expect(restarted.sqnMs).to.equal(array.sqnMs);
    expect(restarted.check((4n << 5n) + 2n)).to.equal('not-fresh');
    expect(restarted.check((5n << 5n) + 2n)).to.equal('accepted');
  });

  it('accepts whatever the key centre draws after a resynchronisation', () => {
    fc.assert(
      fc.property(
        fc.bigInt(0n, 1n << 40n),
        fc.bigInt(0n, 1n << 40n),
        fc.integer({ min: 0, max: 31 }),
        (he, ms, ind) => {
          const array = new SqnArray({ accepted: [ms] });
          const next = nextSqn(resynchronisedSqn(he, array.sqnMs), ind);
          expect(array.check(next)).to.equal('accepted');
        },
      ),
    );
  });

  it('refuses limits and stored numbers that cannot be', () => {
    for (const options of [{ delta: 0n }, { ageLimit: 0n }, { indBits: 17 }, { accepted: [-1n] }]) {
      expect(() => new SqnArray(options))
        .to.throw(KmcError)
        .with.property('code', 'OSGATE_KMC_INVALID_ARGUMENT');
    }
  });
});
