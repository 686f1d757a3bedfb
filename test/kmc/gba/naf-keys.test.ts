import { expect } from 'chai';
import { generateVector, Milenage } from '../../../kmc/aka/index.ts';
import { KmcError } from '../../../kmc/errors.ts';
import {
  deriveKs,
  deriveKsExtNaf,
  deriveKsIntNaf,
  deriveKsNaf,
  deriveTmpi,
  formatBtid,
  isTmpi,
  kdfInput,
  NafId,
  nafKeyPassword,
  parseBtid,
  UaSecurityProtocolId,
} from '../../../kmc/gba/index.ts';

const impi = '001010123456789@ims.mnc001.mcc001.3gppnetwork.org';
const fqdn = 'xcap.ims.mnc001.mcc001.pub.3gppnetwork.org';
const domain = 'bsf.mnc001.mcc001.pub.3gppnetwork.org';

describe('NAF keys', () => {
  it('match the public check (vector A)', () => {
    const ks = deriveKs(count(0x00), count(0x10));
    const nafId = new NafId(fqdn, UaSecurityProtocolId.HTTP_DIGEST);
    expect(deriveKsNaf({ ks, rand: count(0x20), impi, nafId }).toString('hex')).to.equal(
      '273152e7675c40055af1395a22e6a563cbe29075e3a3d3462c55660e4ec54094',
    );
  });

  describe('from Milenage test set 1 (vector B)', () => {
    const rand = Buffer.from('23553cbe9637a89d218ae64dae47bf35', 'hex');
    const milenage = new Milenage(
      Buffer.from('465b5ce8b199b49faa5f0a2ee238a6bc', 'hex'),
      Buffer.from('cd63cb71954a9f4e48a5994e37a02baf', 'hex'),
    );
    const vector = generateVector(milenage, { rand, sqn: 0xff9bb4d0b607n, amf: Buffer.from('b9b9', 'hex') });
    const ks = deriveKs(vector.ck, vector.ik);
    const input = (id: string): { ks: Buffer; rand: Buffer; impi: string; nafId: NafId } => ({
      ks,
      rand,
      impi,
      nafId: new NafId(fqdn, UaSecurityProtocolId.parse(id)),
    });

    it('Ks, nonce and B-TID', () => {
      expect(ks.toString('hex')).to.equal('b40ba9a3c58b2a05bbf0d987b21bf8cbf769bcd751044604127672711c6d3441');
      expect(Buffer.concat([vector.rand, vector.autn]).toString('base64')).to.equal(
        'I1U8vpY3qJ0hiuZNrke/NVXzKLQ1d7m5Sp/6w1Tfr7M=',
      );
      expect(formatBtid(rand, domain)).to.equal(`I1U8vpY3qJ0hiuZNrke/NQ==@${domain}`);
    });

    it('the string S for Ks_NAF', () => {
      const s = kdfInput(0x01, ['gba-me', rand, impi, input('0100000002').nafId.toBytes()]);
      expect(s.length).to.equal(127);
      expect(s.toString('hex')).to.equal(
        '016762612d6d65000623553cbe9637a89d218ae64dae47bf350010303031303130313233343536373839' +
          '40696d732e6d6e633030312e6d63633030312e336770706e6574776f726b2e6f72670031786361702e69' +
          '6d732e6d6e633030312e6d63633030312e7075622e336770706e6574776f726b2e6f7267010000000200' +
          '2f',
      );
    });

    it('Ks_NAF, Ks_ext_NAF and Ks_int_NAF', () => {
      const expected = 'fd1ac8d09e974a83d864e40f158ddb173379a13316de75a7f659d3b4ab4dffab';
      expect(deriveKsNaf(input('0100000002')).toString('hex')).to.equal(expected);
      expect(deriveKsExtNaf(input('0100000002')).toString('hex')).to.equal(expected);
      expect(deriveKsIntNaf(input('0100000002')).toString('hex')).to.equal(
        '1d6da35624584c90c0e53b45f35a56576125b95c43afb75a0bc65678b4506459',
      );
      expect(deriveKsNaf(input('010001c02f')).toString('hex')).to.equal(
        '1b1864e473732e8d221187a496a2104870043ab3014cc669fd55cb9eccc21f46',
      );
      expect(deriveKsNaf(input('0100000007')).toString('hex')).to.equal(
        '7b62fa012ed5d1b2236f1646d0ff6dc630df48fecf232e87fc09207268ddb791',
      );
    });

    it('the password', () => {
      expect(nafKeyPassword(deriveKsNaf(input('0100000002')))).to.equal('/RrI0J6XSoPYZOQPFY3bFzN5oTMW3nWn9lnTtKtN/6s=');
    });

    it('the TMPI', () => {
      const tmpi = deriveTmpi({ ks, rand, impi, domain });
      expect(tmpi).to.equal('NdfNQvvGWK4SGbs7c17alrZHQXyhEcrW@tmpi.bsf.3gppnetwork.org');
      expect(isTmpi(tmpi)).to.equal(true);
      expect(isTmpi(impi)).to.equal(false);
    });
  });

  it('refuse inputs of the wrong size', () => {
    const nafId = new NafId(fqdn, UaSecurityProtocolId.SIP_DIGEST);
    for (const call of [
      () => deriveKs(Buffer.alloc(32), count(0)),
      () => deriveKsNaf({ ks: Buffer.alloc(16), rand: count(0), impi, nafId }),
      () => deriveKsNaf({ ks: Buffer.alloc(32), rand: Buffer.alloc(0), impi, nafId }),
      () => nafKeyPassword(Buffer.alloc(31)),
    ]) {
      expect(call).to.throw(KmcError).with.property('code', 'OSGATE_KMC_INVALID_ARGUMENT');
    }
  });
});

describe('B-TID', () => {
  const rand = count(0x40);

  it('is taken apart at the last @, with the RAND in it', () => {
    expect(parseBtid(formatBtid(rand, domain))).to.deep.equal({ reference: rand.toString('base64'), domain, rand });
    expect(parseBtid('a@b@bsf.example')).to.deep.equal({ reference: 'a@b', domain: 'bsf.example' });
  });

  it('may be opaque', () => {
    expect(parseBtid('opaque@bsf.example')).to.deep.equal({ reference: 'opaque', domain: 'bsf.example' });
  });

  it('has no RAND when the base64 is not the canonical one', () => {
    expect(parseBtid(`${rand.toString('base64url')}@bsf.example`)).not.to.have.property('rand');
    // The last two bits before the padding are not part of the 16 octets.
    expect(parseBtid('AAAAAAAAAAAAAAAAAAAAAB==@bsf.example')).not.to.have.property('rand');
  });

  it('is nothing without its parts', () => {
    for (const text of ['', '@', 'a@', '@b', 'abc', 'a b@c', 'a@b c', 'a\r\n@b', 'ä@b', `${'a'.repeat(256)}@b`]) {
      expect(parseBtid(text), JSON.stringify(text)).to.equal(undefined);
    }
    expect(() => formatBtid(rand.subarray(1), domain)).to.throw(KmcError);
    expect(() => formatBtid(rand, 'a@b')).to.throw(KmcError);
  });
});

/** 16 octets counting up from `start`. */
function count(start: number): Buffer {
  return Buffer.from(Array.from({ length: 16 }, (_, index) => start + index));
}
