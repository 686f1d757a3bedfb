import { execFileSync } from 'node:child_process';
import { getCiphers } from 'node:crypto';

import { expect } from 'chai';

import {
  CIPHER_SUITES,
  cipherSuiteByCode,
  cipherSuiteByName,
  DEFAULT_CIPHER_SUITES,
} from '../../../dtls/suites/cipher-suite.ts';

describe('the cipher suites of DTLS', () => {
  it('have code points and names that are found again, and no two alike', () => {
    for (const suite of CIPHER_SUITES) {
      expect(cipherSuiteByCode(suite.code)).to.equal(suite);
      expect(cipherSuiteByName(suite.name)).to.equal(suite);
    }
    expect(cipherSuiteByCode(0)).to.equal(undefined);
    expect(cipherSuiteByName('TLS_NULL_WITH_NULL_NULL')).to.equal(undefined);
  });

  it('have the code points that openssl has, where it has them', () => {
    // Lines such as "0xC0,0x2B - TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 - ..."
    const output = execFileSync('openssl', ['ciphers', '-V', '-stdname', 'ALL:COMPLEMENTOFALL@SECLEVEL=0'], {
      encoding: 'latin1',
    });
    const known = new Map<string, number>();
    for (const line of output.split('\n')) {
      const [code, , name] = line.trim().split(/ +/);
      if (code !== undefined && name !== undefined) known.set(name, Number(code.replace(',0x', '')));
    }
    const shared = CIPHER_SUITES.filter(({ name }) => known.has(name));
    expect(shared).to.have.length.above(30);
    for (const { name, code } of shared) expect(code, name).to.equal(known.get(name));
  });

  it('use ciphers that node:crypto has', () => {
    const ciphers = new Set(getCiphers());
    for (const { bulk } of CIPHER_SUITES) expect(ciphers.has(bulk.algorithm), bulk.algorithm).to.equal(true);
  });

  it('are by default AEAD with tags of 16 octets, those with forward secrecy before those without', () => {
    for (const { bulk, legacy } of DEFAULT_CIPHER_SUITES) {
      expect(bulk.tagLength).to.equal(16);
      expect(legacy).to.equal(false);
    }
    const plain = DEFAULT_CIPHER_SUITES.findIndex(({ keyExchange }) => keyExchange === 'psk');
    expect(DEFAULT_CIPHER_SUITES.slice(plain).every(({ keyExchange }) => keyExchange === 'psk')).to.equal(true);
    expect(CIPHER_SUITES.filter(({ name }) => name.includes('CBC')).every(({ legacy }) => legacy)).to.equal(true);
  });
});
