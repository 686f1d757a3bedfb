import { expect } from 'chai';
import fc from 'fast-check';

import {
  CONTENT_TYPE,
  isDtlsOctet,
  plainRecord,
  readRecord,
  RecordView,
  VERSION_DTLS_1_0,
  writeRecordHeader,
} from '../../../dtls/record/record-header.ts';

const HEX = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('the headers of DTLS records', () => {
  it('are read where they stand, one after the other', () => {
    const datagram = HEX('16 fefd 0000 000000000001 0002 aabb  17 fefd 0001 800000000002 0001 cc');
    const view = new RecordView();
    expect(readRecord(datagram, 0, 0, view)).to.equal(true);
    expect(view).to.include({ type: 22, version: 0xfefd, epoch: 0, sequence: 1, start: 0, fragmentStart: 13, end: 15 });
    expect(readRecord(datagram, view.end, 0, view)).to.equal(true);
    expect(view).to.include({ type: 23, epoch: 1, sequence: 0x800000000002, start: 15, fragmentStart: 28, end: 29 });
    expect(readRecord(datagram, view.end, 0, view)).to.equal(false);
  });

  it('have a connection identifier of known length', () => {
    const datagram = HEX('19 fefd 0001 000000000002 aabbccdd 0001 ee');
    const view = new RecordView();
    expect(readRecord(datagram, 0, 4, view)).to.equal(true);
    expect(view).to.include({ type: 25, cidLength: 4, fragmentStart: 17, end: 18 });
    expect(readRecord(datagram, 0, 0, view)).to.equal(false);
    expect(readRecord(datagram, 0, 5, view)).to.equal(false);
  });

  it('are refused for other types and versions, and when the record is not whole or too long', () => {
    const view = new RecordView();
    const refused = [
      '13 fefd 0000 000000000001 0000',
      '1c fefd 0000 000000000001 0000',
      '2f 0102030405060708090a0b0c',
      '16 0303 0000 000000000001 0000',
      '16 fefc 0000 000000000001 0000',
      '19 feff 0001 000000000001 aa 0000',
      '16 fefd 0000 000000000001 0001',
      '16 fefd 0000 000000000001 00',
    ];
    for (const text of refused) expect(readRecord(HEX(text), 0, 1, view), text).to.equal(false);
    const long = Buffer.concat([HEX('16 fefd 0000 000000000001 4801'), Buffer.alloc(18_433)]);
    expect(readRecord(long, 0, 0, view)).to.equal(false);
    long.writeUInt16BE(18_432, 11);
    expect(readRecord(long, 0, 0, view)).to.equal(true);
    expect(readRecord(HEX('16 feff 0000 000000000001 0000'), 0, 0, view)).to.equal(true);
  });

  it('are read as they were written', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(20, 21, 22, 23, 24, 26, 27),
        fc.integer({ min: 0, max: 0xffff }),
        fc.maxSafeNat().map((number) => number % 2 ** 48),
        fc.uint8Array({ maxLength: 20 }),
        (type, epoch, sequence, octets) => {
          const cid = octets.length === 0 ? undefined : Buffer.from(octets);
          const record = Buffer.alloc(40);
          const start = writeRecordHeader(record, 2, cid === undefined ? type : 25, epoch, sequence, 3, cid);
          const view = new RecordView();
          expect(readRecord(record, 2, cid?.length ?? 0, view)).to.equal(true);
          expect(view).to.include({ epoch, sequence, start: 2, fragmentStart: start, end: start + 3 });
        },
      ),
    );
  });

  it('stand before plain records of either version', () => {
    const hello = plainRecord(CONTENT_TYPE.handshake, 5, HEX('0102'), VERSION_DTLS_1_0);
    expect(hello).to.deep.equal(HEX('16 feff 0000 000000000005 0002 0102'));
    expect(plainRecord(CONTENT_TYPE.alert, 5, HEX('0228'))).to.deep.equal(HEX('15 fefd 0000 000000000005 0002 0228'));
  });

  it('begin with octets that no SIP or STUN message begins with', () => {
    const first = Array.from({ length: 256 }, (_, octet) => octet).filter((octet) => isDtlsOctet(octet));
    expect(first).to.have.length(8 + 32);
    for (const octet of [0, 1, 2, 3, 'A'.charCodeAt(0), 'z'.charCodeAt(0)]) expect(isDtlsOctet(octet)).to.equal(false);
    expect(isDtlsOctet(undefined)).to.equal(false);
  });
});
