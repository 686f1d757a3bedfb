import { expect } from 'chai';
import fc from 'fast-check';
import { buildAuts, generateVector, Milenage, parseAutn, verifyAutn, verifyAuts } from '../../../kmc/aka/index.ts';

const rand = Buffer.from('23553cbe9637a89d218ae64dae47bf35', 'hex');
const amf = Buffer.from('b9b9', 'hex');
const sqn = 0xff9bb4d0b607n;
const milenage = new Milenage(
  Buffer.from('465b5ce8b199b49faa5f0a2ee238a6bc', 'hex'),
  Buffer.from('cd63cb71954a9f4e48a5994e37a02baf', 'hex'),
);
const autn = '55f328b43577b9b94a9ffac354dfafb3';
const auts = 'ba853f3c123ccf44e93596e355c6';

describe('AUTN', () => {
  it('is (SQN xor AK) || AMF || MAC-A in the vector of test set 1', () => {
    const vector = generateVector(milenage, { rand, sqn, amf });
    expect(vector.autn.toString('hex')).to.equal(autn);
    expect(vector.xres.toString('hex')).to.equal('a54211d5e3ba50bf');
    expect(vector.rand.equals(rand)).to.equal(true);
  });

  it('is taken apart, and nothing but 16 octets is', () => {
    const parts = parseAutn(Buffer.from(autn, 'hex'));
    expect(parts?.concealedSqn.toString('hex')).to.equal('55f328b43577');
    expect(parts?.amf.toString('hex')).to.equal('b9b9');
    expect(parts?.mac.toString('hex')).to.equal('4a9ffac354dfafb3');
    expect(parseAutn(Buffer.alloc(15))).to.equal(undefined);
  });

  it('tells the USIM the SQN and AMF, unless any bit of it was changed', () => {
    expect(verifyAutn(milenage, rand, Buffer.from(autn, 'hex'))).to.deep.equal({ sqn, amf });
    for (let bit = 0; bit < 128; bit++) {
      expect(verifyAutn(milenage, rand, flip(Buffer.from(autn, 'hex'), bit)), `bit ${bit}`).to.equal(undefined);
    }
    expect(verifyAutn(milenage, rand.subarray(1), Buffer.from(autn, 'hex'))).to.equal(undefined);
  });
});

describe('AUTS', () => {
  it('is made with AMF 0000 and matches the worked vector', () => {
    expect(buildAuts(milenage, rand, sqn).toString('hex')).to.equal(auts);
    expect(buildAuts(milenage, rand, sqn).toString('base64')).to.equal('uoU/PBI8z0TpNZbjVcY=');
  });

  it('gives SQN_MS back, unless any bit of it was changed or it is of another RAND', () => {
    expect(verifyAuts(milenage, rand, Buffer.from(auts, 'hex'))).to.equal(sqn);
    for (let bit = 0; bit < 112; bit++) {
      expect(verifyAuts(milenage, rand, flip(Buffer.from(auts, 'hex'), bit)), `bit ${bit}`).to.equal(undefined);
    }
    expect(verifyAuts(milenage, flip(rand, 0), Buffer.from(auts, 'hex'))).to.equal(undefined);
    expect(verifyAuts(milenage, rand, Buffer.alloc(13))).to.equal(undefined);
    expect(verifyAuts(milenage, Buffer.alloc(3), Buffer.from(auts, 'hex'))).to.equal(undefined);
  });

  it('round-trips any SQN_MS', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, (1n << 48n) - 1n), fc.uint8Array({ minLength: 16, maxLength: 16 }), (any, random) => {
        expect(verifyAuts(milenage, random, buildAuts(milenage, random, any))).to.equal(any);
      }),
    );
  });
});

function flip(octets: Buffer, bit: number): Buffer {
  const changed = Buffer.from(octets);
  changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
  return changed;
}
