import { randomBytes } from 'node:crypto';

import { expect } from 'chai';

import { CIPHER_SUITES, cipherSuiteByName } from '../../../dtls/suites/cipher-suite.ts';
import { prf } from '../../../dtls/suites/prf.ts';
import {
  ecdhePskPremasterSecret,
  exportKeyingMaterial,
  extendedMasterSecret,
  keyBlock,
  keyBlockLength,
  masterSecret,
  pskPremasterSecret,
  verifyData,
} from '../../../dtls/suites/secrets.ts';

describe('the secrets of DTLS 1.2', () => {
  const client = randomBytes(32);
  const server = randomBytes(32);
  const master = randomBytes(48);

  it('have the premaster secret of a GBA key in 68 octets (RFC 4279 2)', () => {
    const key = randomBytes(32);
    const zeros = '00'.repeat(32);
    expect(pskPremasterSecret(key).toString('hex')).to.equal(`0020${zeros}0020${key.toString('hex')}`);
    expect(pskPremasterSecret(Buffer.alloc(0)).toString('hex')).to.equal('00000000');
  });

  it('put what the groups agreed on before the key (RFC 5489 2)', () => {
    const shared = Buffer.from('0001ff', 'hex');
    expect(ecdhePskPremasterSecret(shared, Buffer.from('abcd', 'hex')).toString('hex')).to.equal('00030001ff0002abcd');
  });

  it('order the randoms as RFC 5246 says: client first for the master secret, server first for the keys', () => {
    const premaster = randomBytes(68);
    const suite = cipherSuiteByName('TLS_PSK_WITH_AES_128_GCM_SHA256');
    if (suite === undefined) throw new Error('no such suite');
    const both = Buffer.concat([client, server]);
    expect(masterSecret('sha256', premaster, client, server)).to.deep.equal(
      prf('sha256', premaster, 'master secret', both, 48),
    );
    expect(keyBlock(suite, master, client, server)).to.deep.equal(
      prf('sha256', master, 'key expansion', Buffer.concat([server, client]), 40),
    );
  });

  it('bind the extended master secret and Finished to the handshake', () => {
    const handshakeHash = randomBytes(48);
    expect(extendedMasterSecret('sha384', master, handshakeHash)).to.deep.equal(
      prf('sha384', master, 'extended master secret', handshakeHash, 48),
    );
    expect(verifyData('sha384', master, 'client', handshakeHash)).to.deep.equal(
      prf('sha384', master, 'client finished', handshakeHash, 12),
    );
    expect(verifyData('sha384', master, 'server', handshakeHash)).to.deep.equal(
      prf('sha384', master, 'server finished', handshakeHash, 12),
    );
  });

  it('tell an empty context from none when they are exported (RFC 5705 4)', () => {
    const randoms = { client, server };
    const exported = (context?: Buffer) =>
      exportKeyingMaterial('sha256', master, 'EXPERIMENTAL a', randoms, 32, context);
    expect(exported()).not.to.deep.equal(exported(Buffer.alloc(0)));
    const seed = Buffer.concat([client, server, Buffer.from('0002abcd', 'hex')]);
    expect(exported(Buffer.from('abcd', 'hex'))).to.deep.equal(prf('sha256', master, 'EXPERIMENTAL a', seed, 32));
  });

  it('need as many keys as each kind of cipher has', () => {
    const lengths = (part: string) =>
      new Set(CIPHER_SUITES.filter(({ name }) => name.includes(part)).map(keyBlockLength));
    expect([...lengths('AES_128_GCM')]).to.deep.equal([40]);
    expect([...lengths('AES_256_CCM')]).to.deep.equal([72]);
    expect([...lengths('CHACHA20')]).to.deep.equal([88]);
    expect([...lengths('AES_128_CBC_SHA256')]).to.deep.equal([96]);
    expect([...lengths('AES_256_CBC_SHA384')]).to.deep.equal([160]);
  });
});
