import { expect } from 'chai';
import fc from 'fast-check';

import {
  formatPdu,
  formatSegments,
  formatUserDataHeader,
  formatWspPush,
  msisdnAddress,
  parseDeliveryReceipt,
  parsePdu,
  parseUserData,
  parseWspPush,
  PduFramer,
  Reassembler,
} from '../../../../push/index.ts';

const PORTS = { destination: 2948, source: 9200 };
const OCTETS = fc.uint8Array({ maxLength: 200 }).map((octets) => Buffer.from(octets));

describe('push: octets of short messages', () => {
  it('writes the user data headers of docs/push-smpp.md', () => {
    expect(formatUserDataHeader({ ports: PORTS }).toString('hex')).to.equal('0605040b8423f0');
    const part = { total: 2, part: 1 };
    const short = { ports: PORTS, concatenation: { reference: 0x5a, referenceBits: 8, ...part } } as const;
    expect(formatUserDataHeader(short).toString('hex')).to.equal('0b00035a020105040b8423f0');
    const long = { ports: PORTS, concatenation: { reference: 0x1234, referenceBits: 16, ...part } } as const;
    expect(formatUserDataHeader(long).toString('hex')).to.equal('0c08041234020105040b8423f0');
  });

  it('writes the WSP pushes of docs/push-smpp.md', () => {
    const gpi = {
      transactionId: 1,
      contentType: 'application/vnd.3gpp.gba.gpi',
      applicationId: 7,
      body: Buffer.of(1, 2, 3),
    };
    expect(formatWspPush(gpi).toString('hex')).to.equal(
      '01061f6170706c69636174696f6e2f766e642e336770702e6762612e67706900af87010203',
    );
    const text = { transactionId: 2, contentType: 'a/b', applicationId: 'x.ua', body: Buffer.of(9) };
    expect(formatWspPush(text).toString('hex')).to.equal('02060a612f6200af782e75610009');
    const large = { transactionId: 3, contentType: 'a/b', applicationId: 0x9056, body: Buffer.of(9) };
    expect(formatWspPush(large).toString('hex')).to.equal('030608612f6200af02905609');
    for (const push of [gpi, text, large]) expect(parseWspPush(formatWspPush(push))).to.deep.equal(push);
  });

  it('reads headers of others: elements not known, a content type with parameters, headers before the application', () => {
    const data = parseUserData(Buffer.from('0a7001ff05040b8423f0000041', 'hex'));
    expect(data).to.equal(undefined);
    expect(parseUserData(Buffer.from('097001ff05040b8423f041', 'hex'))).to.deep.equal({
      header: { ports: PORTS },
      body: Buffer.from('A'),
    });
    // Content-Type in its general form with a charset, then Content-Length, then a header by name, then the application.
    const push = parseWspPush(
      Buffer.from('0106130661' + '2f620081ea' + '8d83' + '582d59007a00' + 'af020102' + 'ff', 'hex'),
    );
    expect(push).to.deep.equal({ transactionId: 1, contentType: 'a/b', applicationId: 0x0102, body: Buffer.of(0xff) });
  });

  it('refuses what is cut off at any place', () => {
    const datagram = formatWspPush({
      transactionId: 1,
      contentType: 'a/b',
      applicationId: 'x.ua',
      body: Buffer.alloc(0),
    });
    for (let length = 0; length < datagram.length; length++) {
      expect(parseWspPush(datagram.subarray(0, length)), `${length}`).to.equal(undefined);
    }
    for (let length = 0; length < 7; length++) {
      expect(parseUserData(Buffer.from('0605040b8423f0', 'hex').subarray(0, length)), `${length}`).to.equal(undefined);
    }
    const pdu = formatPdu({
      command: 'deliver_sm',
      status: 0,
      sequence: 1,
      fields: { short_message: Buffer.alloc(9, 1) },
    });
    for (let length = 0; length < pdu.length; length++) {
      const cut = Buffer.from(pdu.subarray(0, length));
      if (length >= 4) cut.writeUInt32BE(length);
      const read = parsePdu(cut);
      // Where a field is missing altogether the library has read what there is; half a message it must not be.
      if (length > pdu.length - 9) expect(read, `${length}`).to.equal(undefined);
    }
  });

  it('takes a concatenation that cannot be as none', () => {
    for (const hex of ['0500035a0200', '0500035a0203', '0500035a0000', '0400025a02']) {
      expect(parseUserData(Buffer.from(hex, 'hex'))?.header, hex).to.deep.equal({});
    }
  });

  it('splits without loss, and never makes more than 140 octets of one', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 2000 }),
        fc.nat(0xffff),
        fc.constantFrom<8 | 16>(8, 16),
        (octets, reference, referenceBits) => {
          const options = { ports: PORTS, reference, referenceBits, maximumSegments: 255 };
          const segments = formatSegments(Buffer.from(octets), options) ?? [];
          expect(segments.every(({ length }) => length <= 140)).to.equal(true);
          const reassembler = new Reassembler({
            ...{
              maximumMessages: 1,
              maximumMessagesPerSender: 1,
              maximumSegments: 255,
              timeoutMilliseconds: 1,
              now: () => 0,
            },
          });
          let whole: Buffer | undefined;
          for (const segment of segments.reverse()) {
            const { header, body } = parseUserData(segment) ?? { header: {}, body: Buffer.alloc(0) };
            whole = header.concatenation === undefined ? body : reassembler.add('a', header.concatenation, body);
          }
          expect(whole?.equals(octets)).to.equal(true);
        },
      ),
    );
  });

  it('reads any octets without a throw', () => {
    fc.assert(
      fc.property(OCTETS, fc.nat(0x200), fc.nat(0xff), (octets, command, sequence) => {
        parseUserData(octets);
        parseWspPush(octets);
        parseWspPush(Buffer.concat([Buffer.of(1, 6), octets]));
        const header = Buffer.alloc(16);
        header.writeUInt32BE(16 + octets.length, 0);
        header.writeUInt32BE(command, 4);
        header.writeUInt32BE(sequence, 12);
        const pdu = parsePdu(Buffer.concat([header, octets]));
        if (pdu !== undefined) parseDeliveryReceipt(pdu.fields);
        parsePdu(octets);
      }),
      { numRuns: 3000 },
    );
  });

  it('reads what it wrote of a PDU, octets as octets whatever their data_coding', () => {
    const fields = { esm_class: 0x40, data_coding: 0, short_message: Buffer.from('0605040b8423f0405f', 'hex') };
    const pdu = parsePdu(formatPdu({ command: 'deliver_sm', status: 0, sequence: 7, fields }));
    expect(pdu).to.include({ command: 'deliver_sm', status: 0, sequence: 7 });
    expect(pdu?.fields).to.deep.include(fields);
  });

  it('cuts a stream into PDUs wherever it is cut itself', () => {
    const one = formatPdu({ command: 'enquire_link', status: 0, sequence: 1, fields: {} });
    const two = formatPdu({ command: 'submit_sm_resp', status: 0, sequence: 2, fields: { message_id: 'abc' } });
    const stream = Buffer.concat([one, two, one]);
    for (let first = 0; first <= stream.length; first++) {
      for (let second = first; second <= stream.length; second += 3) {
        const framer = new PduFramer(100);
        const got: Buffer[] = [];
        for (const chunk of [stream.subarray(0, first), stream.subarray(first, second), stream.subarray(second)]) {
          expect(framer.add(chunk, (pdu) => got.push(pdu))).to.equal(true);
        }
        expect(Buffer.concat(got).equals(stream)).to.equal(true);
        expect(got).to.have.length(3);
        expect(framer.pendingOctets).to.equal(0);
      }
    }
  });

  it('follows no stream with a command_length that is too short or too long', () => {
    for (const length of [0, 1, 4, 15, 101, 0x7fff_ffff, 0xffff_ffff]) {
      const octets = Buffer.alloc(16);
      octets.writeUInt32BE(length);
      expect(
        new PduFramer(100).add(octets, () => undefined),
        `${length}`,
      ).to.equal(false);
      const framer = new PduFramer(100);
      const verdicts = [...octets.subarray(0, 4)].map((octet) => framer.add(Buffer.of(octet), () => undefined));
      expect(verdicts.at(-1), `${length} octet by octet`).to.equal(false);
    }
  });

  it('reads receipts by parameters and by text', () => {
    const text = (words: string): { short_message: Buffer } => ({ short_message: Buffer.from(words) });
    expect(
      parseDeliveryReceipt(text('id:a_B@1 sub:001 dlvrd:001 stat:DELIVRD err:000 text:id:x stat:y')),
    ).to.deep.equal({
      ...{ messageId: 'a_B@1', state: 'delivered' },
    });
    expect(parseDeliveryReceipt(text('id:1 stat:EXPIRED'))?.state).to.equal('failed');
    expect(parseDeliveryReceipt(text('id:1 stat:ENROUTE'))?.state).to.equal('pending');
    expect(parseDeliveryReceipt(text('stat:EXPIRED'))).to.equal(undefined);
    expect(parseDeliveryReceipt(text('id:1 stat:constructor'))).to.equal(undefined);
    const parameters = { receipted_message_id: "x\u0004'", message_state: 5 };
    expect(parseDeliveryReceipt(parameters)).to.deep.equal({ messageId: 'x', state: 'failed' });
    expect(parseDeliveryReceipt({ receipted_message_id: 'x', message_state: 99 })).to.equal(undefined);
  });

  it('reads telephone numbers', () => {
    const number = { ton: 1, npi: 1, address: '491700000001' };
    for (const text of ['491700000001', '+491700000001', 'tel:+49-170-000-0001', 'TEL:+49(170)0000001;x=y']) {
      expect(msisdnAddress(text), text).to.deep.equal(number);
    }
    for (const text of ['', 'tel:7042;phone-context=x', 'sip:bob@x', '+', '1'.repeat(21), '12 3', '12\0']) {
      expect(msisdnAddress(text), text).to.equal(undefined);
    }
  });
});

describe('push: long messages put together', () => {
  const concatenation = (reference: number, part: number, total = 2) =>
    ({ reference, referenceBits: 8, total, part }) as const;

  it('keeps only so many messages, of one sender and of all, for so long', () => {
    let now = 0;
    const reassembler = new Reassembler({
      ...{
        maximumMessages: 3,
        maximumMessagesPerSender: 2,
        maximumSegments: 3,
        timeoutMilliseconds: 100,
        now: () => now,
      },
    });
    const add = (sender: string, reference: number, part: number, total = 2): string | undefined =>
      reassembler.add(sender, concatenation(reference, part, total), Buffer.from(`${reference}.${part}`))?.toString();
    add('a', 1, 1);
    add('a', 2, 1);
    add('a', 3, 1);
    expect(reassembler.counters.refused).to.equal(1);
    add('b', 1, 1);
    add('c', 1, 1);
    add('d', 1, 1, 4);
    expect(reassembler.counters.refused).to.equal(3);
    expect(reassembler.size).to.equal(3);
    add('a', 1, 1);
    expect(reassembler.counters.doubled).to.equal(1);
    expect(add('a', 1, 2)).to.equal('1.11.2');
    expect(add('b', 1, 2)).to.equal('1.11.2');
    now = 100;
    expect(add('a', 2, 2)).to.equal(undefined);
    expect(reassembler.counters.expired).to.equal(1);
    expect(reassembler.size).to.equal(1);
    expect(add('a', 2, 1)).to.equal('2.12.2');
  });
});
