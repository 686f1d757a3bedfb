import { generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';

import { expect } from 'chai';

import {
  schemesOfKey,
  sign,
  SIGNATURE_SCHEMES,
  signatureSchemeByCode,
  signatureSchemeByName,
  verify,
} from '../../../dtls/suites/signature-schemes.ts';

describe('the signature schemes of DTLS', () => {
  const keys: Record<string, { publicKey: KeyObject; privateKey: KeyObject }> = {
    'P-256': generateKeyPairSync('ec', { namedCurve: 'prime256v1' }),
    'P-384': generateKeyPairSync('ec', { namedCurve: 'secp384r1' }),
    RSA: generateKeyPairSync('rsa', { modulusLength: 2048 }),
    Ed25519: generateKeyPairSync('ed25519'),
  };

  it('verify what they signed, with each key that fits, and nothing else', () => {
    const data = randomBytes(200);
    for (const [name, { publicKey, privateKey }] of Object.entries(keys)) {
      const fitting = schemesOfKey(publicKey);
      expect(fitting, name).not.to.be.empty;
      for (const scheme of SIGNATURE_SCHEMES) {
        if (!fitting.includes(scheme)) {
          expect(verify(scheme, publicKey, data, randomBytes(64)), `${name} ${scheme.name}`).to.equal(false);
          continue;
        }
        const signature = sign(scheme, privateKey, data);
        expect(verify(scheme, publicKey, data, signature), `${name} ${scheme.name}`).to.equal(true);
        expect(verify(scheme, publicKey, randomBytes(200), signature)).to.equal(false);
        expect(verify(scheme, publicKey, data, signature.subarray(1))).to.equal(false);
        expect(verify(scheme, publicKey, data, Buffer.alloc(0))).to.equal(false);
        const others = fitting.filter((other) => other !== scheme);
        for (const other of others) expect(verify(other, publicKey, data, signature)).to.equal(false);
      }
    }
  });

  it('put the scheme first that was made for the curve', () => {
    const first = (key: KeyObject | undefined) => (key === undefined ? undefined : schemesOfKey(key)[0]?.name);
    expect(first(keys['P-256']?.privateKey)).to.equal('ecdsa_secp256r1_sha256');
    expect(first(keys['P-384']?.privateKey)).to.equal('ecdsa_secp384r1_sha384');
    expect(first(keys.RSA?.privateKey)).to.equal('rsa_pss_rsae_sha256');
    expect(first(keys.Ed25519?.privateKey)).to.equal('ed25519');
  });

  it('are found by code and by name', () => {
    for (const scheme of SIGNATURE_SCHEMES) {
      expect(signatureSchemeByCode(scheme.code)).to.equal(scheme);
      expect(signatureSchemeByName(scheme.name)).to.equal(scheme);
    }
    expect(signatureSchemeByCode(0x0201)).to.equal(undefined);
  });
});
