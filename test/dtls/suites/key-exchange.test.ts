import { createECDH, diffieHellman, createPublicKey, generateKeyPairSync } from 'node:crypto';

import { expect } from 'chai';

import { groupByCode, groupByName, GROUPS } from '../../../dtls/suites/key-exchange.ts';

/** Points of small order on Curve25519, which all lead to the all-zero secret (RFC 7748 7). */
const SMALL_ORDER = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
];

describe('the key exchange of DTLS', () => {
  for (const group of GROUPS) {
    it(`agrees on one secret of fixed length with ${group.name}`, () => {
      for (let round = 0; round < 20; round++) {
        const one = group.generate();
        const other = group.generate();
        expect(one.publicKey).to.have.length(group.publicKeyLength);
        const shared = one.agree(other.publicKey);
        expect(shared).to.deep.equal(other.agree(one.publicKey));
        expect(shared).to.have.length({ x25519: 32, secp256r1: 32, secp384r1: 48 }[group.name]);
      }
    });

    it(`refuses values of any other length with ${group.name}`, () => {
      const share = group.generate();
      const { publicKey } = group.generate();
      for (let length = 0; length < publicKey.length; length++) {
        expect(share.agree(publicKey.subarray(0, length))).to.equal(undefined);
      }
      expect(share.agree(Buffer.concat([publicKey, Buffer.alloc(1)]))).to.equal(undefined);
    });
  }

  it('finds groups by code and by name', () => {
    expect(groupByCode(29)).to.equal(groupByName('x25519'));
    expect(groupByCode(23)).to.equal(groupByName('secp256r1'));
    expect(groupByCode(24)).to.equal(groupByName('secp384r1'));
    expect(groupByCode(25)).to.equal(undefined);
  });

  it('agrees with what node:crypto makes of the same keys', () => {
    const { publicKey, privateKey } = generateKeyPairSync('x25519');
    const share = groupByName('x25519')?.generate();
    const key = { kty: 'OKP', crv: 'X25519', x: share?.publicKey.toString('base64url') ?? '' };
    const expected = diffieHellman({ privateKey, publicKey: createPublicKey({ key, format: 'jwk' }) });
    expect(share?.agree(publicKey.export({ format: 'der', type: 'spki' }).subarray(12))).to.deep.equal(expected);
  });

  it('refuses points of small order with x25519', () => {
    const share = groupByName('x25519')?.generate();
    for (const point of SMALL_ORDER) expect(share?.agree(Buffer.from(point, 'hex')), point).to.equal(undefined);
  });

  it('refuses points that are not on the curve, and compressed ones', () => {
    const share = groupByName('secp256r1')?.generate();
    const ecdh = createECDH('prime256v1');
    const point = ecdh.generateKeys();
    const off = Buffer.from(point);
    off[64] = (off[64] ?? 0) ^ 1;
    expect(share?.agree(off)).to.equal(undefined);
    expect(share?.agree(ecdh.getPublicKey(null, 'compressed'))).to.equal(undefined);
    expect(share?.agree(ecdh.getPublicKey(null, 'hybrid'))).to.equal(undefined);
    expect(share?.agree(Buffer.concat([Buffer.from([4]), Buffer.alloc(64)]))).to.equal(undefined);
    expect(share?.agree(point)).to.have.length(32);
  });
});
