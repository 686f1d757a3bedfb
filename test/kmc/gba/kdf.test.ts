import { createHmac } from 'node:crypto';
import { expect } from 'chai';
import { KmcError } from '../../../kmc/errors.ts';
import { kdf, kdfInput, kdfString } from '../../../kmc/gba/index.ts';

describe('KDF', () => {
  it('puts each length after its parameter', () => {
    expect(kdfInput(0x01, ['ab', Buffer.of(9)]).toString('hex')).to.equal('0161620002090001');
    expect(kdfInput(0x01, ['']).toString('hex')).to.equal('010000');
  });

  it('takes a function code of two octets that starts with FF', () => {
    expect(kdfInput(0xff02, []).toString('hex')).to.equal('ff02');
    for (const fc of [0xff, 0x100, 0xfeff, 0x10000, -1, 1.5]) {
      expect(() => kdfInput(fc, []))
        .to.throw(KmcError)
        .with.property('code', 'OSGATE_KMC_INVALID_ARGUMENT');
    }
  });

  it('normalises strings to NFKC before UTF-8', () => {
    expect(kdfString('e\u0301').toString('hex')).to.equal('c3a9');
    expect(kdfString('\ufb01').toString()).to.equal('fi');
  });

  it('is HMAC-SHA-256', () => {
    const key = Buffer.alloc(32, 7);
    const expected = createHmac('sha256', key).update(Buffer.from('0161620002', 'hex')).digest('hex');
    expect(kdf(key, 0x01, ['ab']).toString('hex')).to.equal(expected);
  });

  it('refuses a parameter over 65,535 octets', () => {
    expect(() => kdf(Buffer.alloc(32), 1, [Buffer.alloc(65_536)])).to.throw(KmcError);
  });
});
