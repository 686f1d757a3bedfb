import { createSecretKey, randomBytes } from 'node:crypto';

import { expect } from 'chai';

import { sealByNode } from '../../../dtls/record/node-aead.ts';
import { bindOpenssl, OpensslAead, opensslAead, type Openssl } from '../../../dtls/record/openssl-aead.ts';
import { BULK_CIPHERS, type BulkCipher } from '../../../dtls/suites/bulk-cipher.ts';
import { ownProgram, type OwnProgram } from '../../../sip/transport/own-program.ts';

const KEY = randomBytes(32);
const NONCE = randomBytes(12);
const AAD = Buffer.from('additional');
const TEXT = Buffer.from('a text of some length');

function program(): OwnProgram {
  const found = ownProgram();
  if (found === undefined) throw new Error('koffi is a development dependency too');
  return found;
}

function recordFor(bulk: BulkCipher, text: Uint8Array = TEXT): Buffer {
  return Buffer.alloc(text.length + bulk.tagLength, 0xee);
}

/** A record that node:crypto sealed. */
function sealedByNode(bulk: BulkCipher): Buffer {
  const record = recordFor(bulk);
  sealByNode(bulk, createSecretKey(KEY.subarray(0, bulk.keyLength)), NONCE, AAD, TEXT, record, 0);
  return record;
}

/** OpenSSL with some functions replaced once its contexts are made and tried. */
function failing(replaced: (openssl: Openssl) => Partial<Openssl>): { aead: OpensslAead; fail: () => void } {
  let openssl = bindOpenssl(program());
  const honest = openssl;
  const { memory, address } = honest;
  const aead = new OpensslAead({
    memory,
    address,
    fetchCipher: (...operands) => openssl.fetchCipher(...operands),
    newContext: () => openssl.newContext(),
    init: (...operands) => openssl.init(...operands),
    update: (...operands) => openssl.update(...operands),
    final: (...operands) => openssl.final(...operands),
    control: (...operands) => openssl.control(...operands),
    clearErrors: () => {
      openssl.clearErrors();
    },
  });
  return { aead, fail: () => (openssl = { ...honest, ...replaced(honest) }) };
}

describe('the AEAD ciphers of OpenSSL', () => {
  const ciphers = Object.entries(BULK_CIPHERS).filter(([, { mode }]) => mode !== 'cbc');

  it('are there with this Node, each of them', () => {
    for (const [name, bulk] of ciphers) {
      expect(opensslAead()?.seal(bulk, KEY, 0, NONCE, AAD, TEXT, recordFor(bulk), 0), name).to.equal(true);
    }
  });

  it('take one key after the other, and one cipher after the other', () => {
    const aead = opensslAead();
    for (let round = 0; round < 50; round++) {
      const key = randomBytes(40);
      for (const [name, bulk] of ciphers) {
        const expected = recordFor(bulk);
        sealByNode(bulk, createSecretKey(key.subarray(5, 5 + bulk.keyLength)), NONCE, AAD, TEXT, expected, 0);
        const record = recordFor(bulk);
        expect(aead?.seal(bulk, key, 5, NONCE, AAD, TEXT, record, 0)).to.equal(true);
        expect(record.equals(expected), name).to.equal(true);
        const other = Buffer.from(record);
        other.writeUInt8(other.readUInt8(round % other.length) ^ 0x10, round % other.length);
        expect(aead?.open(bulk, key, 5, NONCE, AAD, other, 0, TEXT.length), name).to.equal(undefined);
        expect(aead?.open(bulk, key, 5, NONCE, AAD, record, 0, TEXT.length), name).to.deep.equal(TEXT);
      }
    }
  });

  it('leave nothing in the queue of errors, which node:crypto and node:tls would take for theirs', () => {
    const peekError = program().call('unsigned long ERR_peek_error()');
    for (const [name, bulk] of ciphers) {
      const forged = recordFor(bulk);
      expect(opensslAead()?.open(bulk, KEY, 0, NONCE, AAD, forged, 0, TEXT.length)).to.equal(undefined);
      expect(peekError(), name).to.equal(0);
    }
  });

  it('leave no key in the memory that OpenSSL is given', () => {
    const openssl = bindOpenssl(program());
    const aead = new OpensslAead(openssl);
    for (const [, bulk] of ciphers) {
      const record = recordFor(bulk);
      aead.seal(bulk, KEY, 0, NONCE, AAD, TEXT, record, 0);
      aead.open(bulk, KEY, 0, NONCE, AAD, record, 0, TEXT.length);
      expect(openssl.memory.indexOf(KEY.subarray(0, 8))).to.equal(-1);
    }
  });

  it('refuse what there is no room for, and write nothing', () => {
    const bulk = BULK_CIPHERS.aes128Gcm;
    const large = Buffer.alloc(65_000);
    const record = recordFor(bulk, large);
    expect(opensslAead()?.seal(bulk, KEY, 0, NONCE, AAD, large, record, 0)).to.equal(false);
    expect(opensslAead()?.seal(bulk, KEY, 0, NONCE, Buffer.alloc(400), TEXT, record, 0)).to.equal(false);
    expect(record.every((octet) => octet === 0xee)).to.equal(true);
    expect(opensslAead()?.open(bulk, KEY, 0, NONCE, AAD, record, 0, large.length)).to.equal(false);
  });

  it('say so when OpenSSL fails, and write nothing', () => {
    const bulk = BULK_CIPHERS.aes128Gcm;
    for (const replaced of [
      { init: () => 0 },
      { update: () => 0 },
      { final: () => 0 },
      { control: () => 0 },
    ] satisfies Partial<Openssl>[]) {
      const { aead, fail } = failing(() => replaced);
      const record = recordFor(bulk);
      expect(aead.seal(bulk, KEY, 0, NONCE, AAD, TEXT, record, 0)).to.equal(true);
      fail();
      record.fill(0xee);
      expect(aead.seal(bulk, KEY, 0, NONCE, AAD, TEXT, record, 0)).to.equal(false);
      expect(record.every((octet) => octet === 0xee)).to.equal(true);
      expect(aead.open(bulk, KEY, 0, NONCE, AAD, sealedByNode(bulk), 0, TEXT.length)).to.be.oneOf([false, undefined]);
    }
  });

  it('are not used when they do otherwise than node:crypto', () => {
    for (const replaced of [
      // Takes every record for authentic.
      ({ final }: Openssl) => ({
        final: (...operands: Parameters<Openssl['final']>) => Math.max(1, final(...operands)),
      }),
      // Gives a tag of its own.
      ({ control }: Openssl) => ({
        control: (context: number, what: number, length: number, value: number) =>
          what === 0x10 ? 1 : control(context, what, length, value),
      }),
      () => ({ fetchCipher: () => 0 }),
      () => ({ newContext: () => 0 }),
    ]) {
      const { aead, fail } = failing(replaced);
      fail();
      const bulk = BULK_CIPHERS.aes128Gcm;
      expect(aead.seal(bulk, KEY, 0, NONCE, AAD, TEXT, recordFor(bulk), 0)).to.equal(false);
      expect(aead.open(bulk, KEY, 0, NONCE, AAD, sealedByNode(bulk), 0, TEXT.length)).to.equal(false);
    }
  });
});
