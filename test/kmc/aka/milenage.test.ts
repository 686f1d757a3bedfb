import { expect } from 'chai';
import { deriveOpc, Milenage, parseSqn } from '../../../kmc/aka/index.ts';
import { KmcError } from '../../../kmc/errors.ts';
import { MILENAGE_TEST_SETS } from './milenage-test-sets.ts';

describe('Milenage', () => {
  MILENAGE_TEST_SETS.forEach((set, index) => {
    it(`gives every output of test set ${index + 1} of TS 35.208`, () => {
      const [k, rand, amf] = [hex(set.k), hex(set.rand), hex(set.amf)];
      const sqn = parseSqn(hex(set.sqn));
      const opc = deriveOpc(k, hex(set.op));
      const milenage = new Milenage(k, opc);
      const { res, ck, ik, ak } = milenage.f2345(rand);
      expect({
        opc: opc.toString('hex'),
        f1: milenage.f1(rand, sqn, amf).toString('hex'),
        f1Star: milenage.f1Star(rand, sqn, amf).toString('hex'),
        f2: res.toString('hex'),
        f3: ck.toString('hex'),
        f4: ik.toString('hex'),
        f5: ak.toString('hex'),
        f5Star: milenage.f5Star(rand).toString('hex'),
      }).to.deep.equal({
        opc: set.opc,
        f1: set.f1,
        f1Star: set.f1Star,
        f2: set.f2,
        f3: set.f3,
        f4: set.f4,
        f5: set.f5,
        f5Star: set.f5Star,
      });
    });
  });

  it('refuses keys and inputs of the wrong size with a typed error', () => {
    const good = Buffer.alloc(16);
    const milenage = new Milenage(good, good);
    const calls = [
      () => new Milenage(Buffer.alloc(15), good),
      () => new Milenage(good, Buffer.alloc(17)),
      () => deriveOpc(good, Buffer.alloc(0)),
      () => milenage.f2345(Buffer.alloc(8)),
      () => milenage.f1(good, 0n, Buffer.alloc(3)),
      () => milenage.f1(good, 1n << 48n, Buffer.alloc(2)),
    ];
    for (const call of calls) expect(call).to.throw(KmcError).with.property('code', 'OSGATE_KMC_INVALID_ARGUMENT');
  });
});

function hex(text: string): Buffer {
  return Buffer.from(text, 'hex');
}
