import { expect } from 'chai';

import {
  formatPdu,
  formatUserDataHeader,
  formatWspPush,
  parseDeliveryReceipt,
  parsePdu,
  parseUserData,
  parseWspPush,
  PduFramer,
} from '../../../push/index.ts';
import { PUSH_PACKAGE_CONTENT_TYPE } from '../../../push/message/index.ts';
import type { FuzzTarget } from '../../sip/fuzz/targets.ts';

const PORTS = { destination: 2948, source: 9200 };
const CONCATENATIONS = [
  { reference: 0x5a, referenceBits: 8, total: 2, part: 1 },
  { reference: 0x1234, referenceBits: 16, total: 255, part: 255 },
] as const;
const HEADERS = [
  formatUserDataHeader({ ports: PORTS }),
  ...CONCATENATIONS.map((concatenation) => formatUserDataHeader({ ports: PORTS, concatenation })),
].map((header) => Buffer.concat([header, Buffer.from('where are you?')]));

const BODY = Buffer.from('where are you?');
const WSP = [
  formatWspPush({ transactionId: 1, contentType: PUSH_PACKAGE_CONTENT_TYPE, applicationId: 7, body: BODY }),
  formatWspPush({ transactionId: 2, contentType: 'a/b', applicationId: 'x-oma-application:ulp.ua', body: BODY }),
  formatWspPush({ transactionId: 3, contentType: 'a/b', applicationId: 0x9056, body: BODY }),
  // A content type with parameters, header fields before the application, and values that say they are empty.
  ...['01061306612f620081ea8d83582d59007a00af020102ff', '010606612f6200831f00', '010607612f6200af1f00ff'].map((hex) =>
    Buffer.from(hex, 'hex'),
  ),
];

const RECEIPT = 'id:4711 sub:001 dlvrd:001 submit date:2611241200 done date:2611241201 stat:DELIVRD err:000 text:x';
const ADDRESSES = { source_addr: '491701234567', destination_addr: '4711', esm_class: 4 };
const PDUS = [
  formatPdu({ command: 'enquire_link', status: 0, sequence: 1, fields: {} }),
  formatPdu({ command: 'submit_sm_resp', status: 0, sequence: 2, fields: { message_id: '4711' } }),
  formatPdu({
    command: 'deliver_sm',
    status: 0,
    sequence: 3,
    fields: { ...ADDRESSES, short_message: Buffer.from(RECEIPT) },
  }),
  formatPdu({
    command: 'deliver_sm',
    status: 0,
    sequence: 4,
    fields: { ...ADDRESSES, receipted_message_id: '4711', message_state: 2, short_message: Buffer.alloc(0) },
  }),
  formatPdu({
    command: 'deliver_sm',
    status: 0,
    sequence: 5,
    fields: { ...ADDRESSES, esm_class: 0x40, short_message: HEADERS[0] ?? Buffer.alloc(0) },
  }),
];

function readPdu(text: string): void {
  const pdu = parsePdu(Buffer.from(text, 'latin1'));
  if (pdu !== undefined) parseDeliveryReceipt(pdu.fields);
}

/** The same PDUs come out of a stream however it is cut, and no more octets are kept than came. */
function readStream(text: string): Buffer[] {
  const octets = Buffer.from(text, 'latin1');
  const framer = new PduFramer(4096);
  const pdus: Buffer[] = [];
  framer.add(octets, (pdu) => pdus.push(pdu));
  return pdus;
}

function checkStream(text: string): void {
  const octets = Buffer.from(text, 'latin1');
  const framer = new PduFramer(4096);
  const pdus: Buffer[] = [];
  for (let start = 0; start < octets.length; start += 7) {
    if (!framer.add(octets.subarray(start, start + 7), (pdu) => pdus.push(Buffer.from(pdu)))) break;
    expect(framer.pendingOctets).to.be.at.most(4096 + 7);
  }
  expect(pdus).to.deep.equal(readStream(text));
  expect(Buffer.concat(pdus).equals(octets.subarray(0, Buffer.concat(pdus).length))).to.equal(true);
  for (const pdu of pdus) readPdu(pdu.toString('latin1'));
}

/** What an SMSC and what is behind it can send. Texts are Latin-1, one character an octet. */
export const PUSH_SMPP_FUZZ_TARGETS: readonly FuzzTarget[] = [
  { name: 'push-smpp-pdu', corpus: latin1(PDUS), read: readPdu, check: readPdu },
  { name: 'push-smpp-stream', corpus: latin1([...PDUS, Buffer.concat(PDUS)]), read: readStream, check: checkStream },
  {
    name: 'push-smpp-udh',
    corpus: latin1(HEADERS),
    read: (text) => parseUserData(Buffer.from(text, 'latin1')),
    check: (text) => {
      const data = parseUserData(Buffer.from(text, 'latin1'));
      if (data === undefined) return;
      const written = Buffer.concat([formatUserDataHeader(data.header), data.body]);
      expect(parseUserData(written)).to.deep.equal(data);
    },
  },
  {
    name: 'push-wsp',
    corpus: latin1(WSP),
    read: (text) => parseWspPush(Buffer.from(text, 'latin1')),
    check: (text) => {
      const push = parseWspPush(Buffer.from(text, 'latin1'));
      if (push !== undefined) expect(parseWspPush(formatWspPush(push))).to.deep.equal(push);
    },
  },
];

function latin1(octets: readonly Buffer[]): string[] {
  return octets.map((one) => one.toString('latin1'));
}
