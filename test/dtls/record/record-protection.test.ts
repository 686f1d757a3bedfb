import { randomBytes } from 'node:crypto';

import { expect } from 'chai';
import fc from 'fast-check';

import { DtlsError } from '../../../dtls/errors.ts';
import { opensslAead, type OpensslAead } from '../../../dtls/record/openssl-aead.ts';
import { KeyRing } from '../../../dtls/record/key-ring.ts';
import { CONTENT_TYPE, readRecord, RecordView } from '../../../dtls/record/record-header.ts';
import { RecordProtection, type RecordProtectionOptions } from '../../../dtls/record/record-protection.ts';
import { usageLimitsOf } from '../../../dtls/record/usage-limits.ts';
import { CIPHER_SUITES, cipherSuiteByName, type CipherSuite } from '../../../dtls/suites/cipher-suite.ts';
import { keyBlockLength } from '../../../dtls/suites/secrets.ts';
import { referenceRecord } from './reference-record.ts';

/** One of each way to protect records. */
const SUITES = CIPHER_SUITES.filter(
  ({ bulk }, index) => CIPHER_SUITES.findIndex((other) => other.bulk === bulk) === index,
);

/** What protects them: node:crypto, and OpenSSL without it, which has no CBC. */
const WAYS = SUITES.flatMap((suite): { suite: CipherSuite; by: string; openssl?: OpensslAead | undefined }[] => [
  { suite, by: 'node:crypto' },
  ...(suite.bulk.mode === 'cbc' ? [] : [{ suite, by: 'OpenSSL', openssl: opensslAead() }]),
]);

interface Sides {
  readonly client: RecordProtection;
  readonly server: RecordProtection;
  readonly keys: Buffer;
}

function sidesOf(suite: CipherSuite, cid?: Buffer, options: RecordProtectionOptions = {}): Sides {
  const keys = randomBytes(keyBlockLength(suite));
  const common = { encryptThenMac: suite.legacy, ...options };
  return {
    client: new RecordProtection(suite, keys, false, { ...common, sendCid: cid }),
    server: new RecordProtection(suite, keys, true, { ...common, receiveCid: cid }),
    keys,
  };
}

function suiteNamed(name: string): CipherSuite {
  const suite = cipherSuiteByName(name);
  if (suite === undefined) throw new Error(name);
  return suite;
}

function sealed(protection: RecordProtection, content: Uint8Array, sequence = 0, type: number = 23): Buffer {
  const record = protection.seal(type, 1, sequence, content);
  if (record === undefined) throw new Error('not sealed');
  return record;
}

/** Reads and opens the first record of a datagram; undefined when either fails. */
function open(
  protection: RecordProtection,
  datagram: Buffer,
  cidLength = 0,
): { content: Buffer; type: number } | undefined {
  const view = new RecordView();
  if (!readRecord(datagram, 0, cidLength, view)) return undefined;
  const content = protection.open(datagram, view);
  return content === undefined ? undefined : { content, type: view.contentType };
}

const GCM = suiteNamed('TLS_PSK_WITH_AES_128_GCM_SHA256');
const sequences = fc.oneof(
  fc.constantFrom(0, 2 ** 32, 2 ** 48 - 1),
  fc.maxSafeNat().map((number) => number % 2 ** 48),
);
const contents = fc.uint8Array({ maxLength: 1500 }).map((octets) => Buffer.from(octets));
const cids = fc.option(
  fc.uint8Array({ minLength: 1, maxLength: 255 }).map((octets) => Buffer.from(octets)),
  { nil: undefined },
);
const types = fc.constantFrom(CONTENT_TYPE.alert, CONTENT_TYPE.handshake, CONTENT_TYPE.applicationData, 27);

describe('the protection of DTLS records', () => {
  for (const { suite, by, openssl } of WAYS) {
    describe(`with ${suite.bulk.algorithm}, tag ${suite.bulk.tagLength}, code ${suite.bulk.macLength}, by ${by}`, () => {
      it('opens what was sealed, in both directions, and gives what the RFCs say octet by octet', () => {
        fc.assert(
          fc.property(
            contents,
            sequences,
            types,
            cids,
            fc.integer({ min: 1, max: 0xffff }),
            (content, sequence, type, cid, epoch) => {
              const { client, server, keys } = sidesOf(suite, cid, { openssl });
              const record = client.seal(type, epoch, sequence, content);
              if (record === undefined) throw new Error('not sealed');
              expect(open(server, record, cid?.length)).to.deep.equal({ content, type });
              expect(record.length - content.length).to.be.at.most(client.overhead);
              // CBC chooses its IV itself: the reference takes it from the record.
              const start = 13 + (cid?.length ?? 0);
              const nonce = record.subarray(start, start + suite.bulk.explicitNonceLength);
              const reference = { suite, keys, fromServer: false, type, epoch, sequence, content, cid, nonce };
              expect(record.equals(referenceRecord(reference))).to.equal(true);
              const back = server.seal(type, epoch, sequence, content);
              expect(open(client, back ?? Buffer.alloc(0))).to.deep.equal({ content, type });
            },
          ),
          { numRuns: 60 },
        );
      });

      it('opens records whose explicit nonce is not the sequence number, and padded ones', () => {
        for (const cid of [undefined, randomBytes(8)]) {
          const { server, keys } = sidesOf(suite, cid, { openssl });
          const nonce = randomBytes(suite.bulk.explicitNonceLength);
          const content = randomBytes(100);
          const numbers = { type: 23, epoch: 1, sequence: 7, fromServer: false, padding: cid === undefined ? 0 : 40 };
          const record = referenceRecord({ suite, keys, content, cid, nonce, ...numbers });
          expect(open(server, record, cid?.length)).to.deep.equal({ content, type: 23 });
        }
      });

      it('refuses a record with any octet changed', () => {
        for (const cid of [undefined, randomBytes(8)]) {
          const { client, server } = sidesOf(suite, cid, { openssl });
          const record = sealed(client, randomBytes(40), 3);
          for (let index = 0; index < record.length; index++) {
            for (const bit of [0x01, 0x80]) {
              const changed = Buffer.from(record);
              changed[index] = (changed[index] ?? 0) ^ bit;
              expect(open(server, changed, cid?.length), `octet ${index}`).to.equal(undefined);
            }
          }
          expect(open(server, record, cid?.length)).not.to.equal(undefined);
        }
      });

      it('refuses a record cut anywhere, whether its length says so or not', () => {
        for (const cid of [undefined, randomBytes(8)]) {
          const { client, server } = sidesOf(suite, cid, { openssl });
          const record = sealed(client, randomBytes(40), 3);
          const start = 13 + (cid?.length ?? 0);
          for (let end = 0; end < record.length; end++) {
            expect(open(server, record.subarray(0, end), cid?.length)).to.equal(undefined);
            if (end < start) continue;
            const cut = Buffer.from(record.subarray(0, end));
            cut.writeUInt16BE(end - start, start - 2);
            expect(open(server, cut, cid?.length), `cut at ${end}`).to.equal(undefined);
          }
        }
      });

      it('refuses what the same side sealed, and what other keys sealed', () => {
        const { client, server } = sidesOf(suite, undefined, { openssl });
        expect(open(client, sealed(client, Buffer.from('a')))).to.equal(undefined);
        expect(open(server, sealed(sidesOf(suite, undefined, { openssl }).client, Buffer.from('a')))).to.equal(
          undefined,
        );
      });
    });
  }

  it('gives contents that later records leave alone', () => {
    for (const openssl of [undefined, opensslAead()]) {
      const { client, server } = sidesOf(GCM, undefined, { openssl });
      const first = open(server, sealed(client, Buffer.from('first'), 1));
      open(server, sealed(client, Buffer.from('other'), 2));
      expect(first?.content.toString()).to.equal('first');
    }
  });

  describe('with connection identifiers (RFC 9146)', () => {
    const cid = randomBytes(8);

    it('refuses records without the identifier, with another one, and with one when there is none', () => {
      const { client, server, keys } = sidesOf(GCM, cid);
      const plain = new RecordProtection(GCM, keys, false);
      const other = new RecordProtection(GCM, keys, false, { sendCid: randomBytes(8) });
      expect(open(server, sealed(plain, Buffer.from('a')))).to.equal(undefined);
      expect(open(server, sealed(other, Buffer.from('a')), 8)).to.equal(undefined);
      expect(open(new RecordProtection(GCM, keys, true), sealed(client, Buffer.from('a')), 8)).to.equal(undefined);
      expect(server.failed).to.equal(0);
    });

    it('refuses an inner plaintext that is all zeros', () => {
      const { server, keys } = sidesOf(GCM, cid);
      const numbers = { type: 0, epoch: 1, sequence: 1, fromServer: false, padding: 5, nonce: randomBytes(8) };
      const record = referenceRecord({ suite: GCM, keys, cid, content: Buffer.alloc(3), ...numbers });
      expect(open(server, record, 8)).to.equal(undefined);
    });

    it('keeps zeros that belong to the content, and takes empty contents', () => {
      const { client, server } = sidesOf(GCM, cid);
      expect(open(server, sealed(client, Buffer.alloc(4)), 8)?.content).to.deep.equal(Buffer.alloc(4));
      expect(open(server, sealed(client, Buffer.alloc(0)), 8)?.content).to.have.length(0);
    });

    it('treats an empty identifier as none', () => {
      const { client, server } = sidesOf(GCM, Buffer.alloc(0));
      const record = sealed(client, Buffer.from('a'));
      expect(record[0]).to.equal(23);
      expect(open(server, record)?.content.toString()).to.equal('a');
    });
  });

  describe('sizes', () => {
    it('take 16384 octets of content and refuse one more', () => {
      const openssl = opensslAead();
      for (const [cid, options] of [
        [undefined, {}],
        [randomBytes(8), {}],
        [randomBytes(255), { openssl }],
      ] as const) {
        const { client, server, keys } = sidesOf(GCM, cid, options);
        expect(open(server, sealed(client, Buffer.alloc(16_384, 1)), cid?.length)?.content).to.have.length(16_384);
        expect(client.seal(23, 1, 1, Buffer.alloc(16_385))).to.equal(undefined);
        const numbers = { type: 23, epoch: 1, sequence: 2, fromServer: false, nonce: randomBytes(8) };
        const record = referenceRecord({ suite: GCM, keys, cid, content: Buffer.alloc(16_385, 1), ...numbers });
        expect(open(server, record, cid?.length)).to.equal(undefined);
      }
    });

    it('are those of the specification', () => {
      const overhead = (name: string) => sidesOf(suiteNamed(name)).client.overhead;
      expect(overhead('TLS_PSK_WITH_AES_128_GCM_SHA256')).to.equal(37);
      expect(overhead('TLS_PSK_WITH_AES_128_CCM')).to.equal(37);
      expect(overhead('TLS_PSK_WITH_AES_128_CCM_8')).to.equal(29);
      expect(overhead('TLS_PSK_WITH_CHACHA20_POLY1305_SHA256')).to.equal(29);
    });
  });

  describe('limits of use (RFC 9147 4.5.3)', () => {
    it('end sealing after so many records', () => {
      const { client } = sidesOf(GCM, undefined, { limits: { sealed: 2, failed: 10 } });
      sealed(client, Buffer.from('a'), 0);
      expect(client.exhausted).to.equal(false);
      sealed(client, Buffer.from('a'), 1);
      expect(client.exhausted).to.equal(true);
      expect(client.seal(23, 1, 2, Buffer.from('a'))).to.equal(undefined);
    });

    it('end opening after so many failures', () => {
      const { client, server } = sidesOf(GCM, undefined, { limits: { sealed: 10, failed: 2 } });
      const record = sealed(client, Buffer.from('a'));
      const bad = Buffer.from(record);
      bad[20] = (bad[20] ?? 0) ^ 1;
      open(server, bad);
      expect(server.exhausted).to.equal(false);
      expect(open(server, record)).not.to.equal(undefined);
      open(server, bad);
      expect(server.failed).to.equal(2);
      expect(server.exhausted).to.equal(true);
      expect(open(server, record)).to.equal(undefined);
    });

    it('are those of each cipher, and sequence numbers never wrap', () => {
      expect(usageLimitsOf(GCM.bulk).failed).to.equal(2 ** 36);
      expect(usageLimitsOf(suiteNamed('TLS_PSK_WITH_AES_128_CCM').bulk)).to.deep.equal({
        sealed: 8_388_608,
        failed: 11_863_283,
      });
      expect(sidesOf(GCM).client.seal(23, 1, 2 ** 48, Buffer.from('a'))).to.equal(undefined);
    });
  });

  describe('keys', () => {
    it('of another length are refused, and CBC without encrypt-then-MAC', () => {
      const cbc = suiteNamed('TLS_PSK_WITH_AES_128_CBC_SHA256');
      for (const make of [
        () => new RecordProtection(GCM, Buffer.alloc(39), true),
        () => new RecordProtection(cbc, Buffer.alloc(keyBlockLength(cbc)), true),
      ]) {
        expect(make).to.throw(DtlsError).with.property('code', 'OSGATE_DTLS_INVALID_ARGUMENT');
      }
    });

    it('are held by so many as the ring allows, and made again for the others', () => {
      const counters = { recordKeysReleased: 0 };
      const keyRing = new KeyRing(2, counters);
      const all = [1, 2, 3].map(() => sidesOf(GCM, undefined, { keyRing }).client);
      for (let round = 2; round < 5; round++) {
        for (const one of all) expect(one.seal(23, 1, round, Buffer.from('a'))).to.have.length(38);
      }
      expect(counters.recordKeysReleased).to.equal(7);
    });

    it('leave the ring with the association that has ended, and make room for another', () => {
      const counters = { recordKeysReleased: 0 };
      const keyRing = new KeyRing(1, counters);
      for (let round = 0; round < 3; round++) {
        const { client } = sidesOf(GCM, undefined, { keyRing });
        client.seal(23, 1, 2, Buffer.from('a'));
        client.leaveRing();
      }
      expect(counters.recordKeysReleased).to.equal(0);
    });

    it('are not held for the first two records of a direction, after which many associations rest', () => {
      const counters = { recordKeysReleased: 0 };
      const keyRing = new KeyRing(1, counters);
      const all = [1, 2, 3].map(() => sidesOf(GCM, undefined, { keyRing }));
      for (const { client, server } of all) {
        for (const sequence of [0, 1])
          expect(open(server, sealed(client, Buffer.from('a'), sequence))?.content.toString()).to.equal('a');
      }
      for (const { client } of all) sealed(client, Buffer.from('a'), 2);
      expect(counters.recordKeysReleased).to.equal(2);
    });

    it('may stand among other octets, and have to be all there', () => {
      const { client, keys } = sidesOf(GCM);
      const among = Buffer.concat([randomBytes(7), keys, randomBytes(5)]);
      const server = new RecordProtection(GCM, among, true, { keysStart: 7 });
      expect(open(server, sealed(client, Buffer.from('a')))?.content.toString()).to.equal('a');
      expect(() => new RecordProtection(GCM, among, true, { keysStart: 13 })).to.throw(DtlsError);
    });
  });
});
