import { execFileSync } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';

import { expect } from 'chai';
import fc from 'fast-check';

import type { PrfHash } from '../../../dtls/suites/cipher-suite.ts';
import { Hmac } from '../../../dtls/suites/hmac.ts';
import { prf } from '../../../dtls/suites/prf.ts';

const octets = (minLength: number, maxLength: number) =>
  fc.uint8Array({ minLength, maxLength }).map((array) => Buffer.from(array));

describe('the PRF of TLS 1.2', () => {
  it('gives the known answer for SHA-256', () => {
    const secret = Buffer.from('9bbe436ba940f017b17652849a71db35', 'hex');
    const seed = Buffer.from('a0ba9f936cda311827a6f796ffd5198c', 'hex');
    expect(prf('sha256', secret, 'test label', seed, 100).toString('hex')).to.equal(
      'e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af0fa022f7' +
        '077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66',
    );
  });

  it('gives the known answer for SHA-384', () => {
    const secret = Buffer.from('b80b733d6ceefcdc71566ea48e5567df', 'hex');
    const seed = Buffer.from('cd665cf6a8447dd6ff8b27555edb7465', 'hex');
    expect(prf('sha384', secret, 'test label', seed, 148).toString('hex')).to.equal(
      '7b0c18e9ced410ed1804f2cfa34a336a1c14dffb4900bb5fd7942107e81c83cde9ca0faa60be9fe34f82b1233c9146a0e534cb400fed' +
        '2700884f9dc236f80edd8bfa961144c9e8d792eca722a7b32fc3d416d473ebc2c5fd4abfdad05d9184259b5bf8cd4d90fa0d31e2dec47' +
        '9e4f1a26066f2eea9a69236a3e52655c9e9aee691c8f3a26854308d5eaa3be85e0990703d73e56f',
    );
  });

  it('gives what openssl gives', () => {
    const secret = randomBytes(48);
    const seed = randomBytes(64);
    for (const hash of ['sha256', 'sha384'] as const) {
      const options = [`digest:${hash}`, `hexsecret:${secret.toString('hex')}`, 'seed:key expansion'];
      const parameters = [...options, `hexseed:${seed.toString('hex')}`].flatMap((option) => ['-kdfopt', option]);
      const output = execFileSync('openssl', ['kdf', '-keylen', '136', '-binary', ...parameters, 'TLS1-PRF']);
      expect(prf(hash, secret, 'key expansion', seed, 136).equals(output), hash).to.equal(true);
    }
  });

  it('agrees with HMAC of node:crypto for any lengths', () => {
    const hash = fc.constantFrom<PrfHash>('sha256', 'sha384');
    fc.assert(
      fc.property(
        hash,
        octets(0, 300),
        octets(0, 700),
        fc.integer({ min: 0, max: 200 }),
        (name, secret, seed, length) => {
          expect(
            prf(name, secret, 'label', seed, length).equals(reference(name, secret, 'label', seed, length)),
          ).to.equal(true);
        },
      ),
    );
  });

  it('gives results that later calls leave alone', () => {
    const first = prf('sha256', Buffer.from('a'), 'label', Buffer.alloc(32), 40);
    const copy = Buffer.from(first);
    prf('sha256', Buffer.from('b'), 'label', Buffer.alloc(32), 40);
    expect(first.equals(copy)).to.equal(true);
    expect(first.buffer.byteLength).to.equal(40);
  });
});

describe('HMAC', () => {
  it('agrees with node:crypto, one object with many keys', () => {
    for (const hash of ['sha1', 'sha256', 'sha384'] as const) {
      const hmac = new Hmac(hash, Buffer.alloc(0));
      fc.assert(
        fc.property(octets(0, 200), octets(0, 3000), (key, message) => {
          hmac.setKey(key);
          message.copy(hmac.message(message.length));
          const code = Buffer.alloc(hmac.length);
          hmac.finish(message.length, code, 0);
          expect(code.equals(createHmac(hash, key).update(message).digest())).to.equal(true);
        }),
        { numRuns: 50 },
      );
    }
  });
});

function reference(hash: PrfHash, secret: Buffer, label: string, seed: Buffer, length: number): Buffer {
  const code = (...parts: Buffer[]): Buffer => createHmac(hash, secret).update(Buffer.concat(parts)).digest();
  const all = Buffer.concat([Buffer.from(label), seed]);
  const blocks: Buffer[] = [];
  for (let a = code(all); 32 * blocks.length < length; a = code(a)) blocks.push(code(a, all));
  return Buffer.concat(blocks).subarray(0, length);
}
