import { hkdfSync } from 'node:crypto';

import { expect } from 'chai';

import {
  formatGpiEnvelope,
  formatPushContent,
  formatPushPackage,
  formatPushReceipt,
  GpiCodecV1,
  parseGpiEnvelope,
  parsePushContent,
  parsePushLayerMessage,
  parsePushPackage,
  parsePushReceipt,
  PUSH_CIPHER_SUITES,
  PushLayerReceiver,
  type SecurityAssociationId,
} from '../../../push/index.ts';
import { AES_128_GCM } from '../../../push/layer/cipher-suites.ts';
import { formatPushLayerHeader } from '../../../push/layer/push-layer-message.ts';
import type { FuzzTarget } from '../../sip/fuzz/targets.ts';
import { VECTOR, vectorOf } from '../support/gpi-page.ts';

const codec = new GpiCodecV1();
const PROTECTION = { key: vectorOf('K_gpi') };
const GPI = vectorOf('GPI');
/** Of the vector: everything before the encrypted fields. */
const CLEAR = GPI.subarray(0, 36 + VECTOR.fqdn.length + 5);

const ASSOCIATIONS: readonly SecurityAssociationId[] = [
  { direction: 'downlink', rand: VECTOR.rand, naf: VECTOR.fqdn },
  { direction: 'uplink', ptid: VECTOR.ptid },
];
const LAYER = PUSH_CIPHER_SUITES.flatMap(({ name }) =>
  ['downlink', 'uplink'].map((direction) => vectorOf(`${name} ${direction}`)),
);

const ENVELOPE = formatGpiEnvelope({ sessionId: 0x1234, gpi: GPI });
const RESYNCHRONISATION = { rand: VECTOR.rand, auts: Buffer.alloc(14, 0x5a) };
const PACKAGES = [
  formatPushPackage({ envelope: ENVELOPE }),
  ...LAYER.map((message) => formatPushPackage({ message })),
  formatPushPackage({ envelope: ENVELOPE, ...(LAYER[0] === undefined ? {} : { message: LAYER[0] }) }),
  formatPushPackage({ resynchronisation: RESYNCHRONISATION }),
];

const CONTENT = {
  ...{ id: 'c29tZXRoaW5n', type: 'text/plain;charset=utf-8', content: VECTOR.text },
  ...{ applicationId: 'x-oma-application:ulp.ua', deliverBefore: VECTOR.expiresAt },
};
const { applicationId, ...PLAIN_CONTENT } = CONTENT;
const CONTENTS = [
  formatPushContent(CONTENT),
  formatPushContent({ ...CONTENT, messageClass: 'informational' }),
  formatPushContent({ ...PLAIN_CONTENT, content: Buffer.alloc(2000, applicationId) }),
  // Deeper than any reader may follow, and lists that say to be longer than they are.
  Buffer.alloc(20_000, 0x91),
  ...['95dd7fffffff', '95dfffffffffa0', '9581c1c0', 'c80000', 'c7010aff', 'd6ff00000000'].map((hex) =>
    Buffer.from(hex, 'hex'),
  ),
];
const RECEIPTS = (['delivered', 'refused', 'failed'] as const).map((outcome) =>
  formatPushReceipt({ id: CONTENT.id, outcome }),
);

/** Octets with one spelling: what is read is written as it was. */
function canonical<T>(read: (octets: Buffer) => T | undefined, write: (value: T) => Buffer): (text: string) => void {
  return (text) => {
    const octets = Buffer.from(text, 'latin1');
    const value = read(octets);
    if (value !== undefined) expect(write(value).equals(octets), 'written otherwise than read').to.equal(true);
  };
}

/** MessagePack has several spellings: what is read means the same when it was written and read again. */
function stable<T>(read: (octets: Buffer) => T | undefined, write: (value: T) => Buffer): (text: string) => void {
  return (text) => {
    const value = read(Buffer.from(text, 'latin1'));
    if (value !== undefined) expect(read(write(value))).to.deep.equal(value);
  };
}

function target(
  name: string,
  corpus: readonly Buffer[],
  read: (octets: Buffer) => unknown,
  check: (text: string) => void,
): FuzzTarget {
  return {
    name,
    corpus: corpus.map((octets) => octets.toString('latin1')),
    read: (text) => read(Buffer.from(text, 'latin1')),
    check,
  };
}

/** What only the key centre wrote opens: the vector, and nothing that was made of it. */
function checkGpi(text: string): void {
  const octets = Buffer.from(text, 'latin1');
  const header = codec.readHeader(octets);
  const opened = codec.open(octets, PROTECTION);
  expect(codec.randOf(octets)).to.deep.equal(header?.rand);
  if (opened === undefined) return;
  expect(octets.equals(GPI), 'a changed GPI was opened').to.equal(true);
  expect(codec.encode(opened, PROTECTION).equals(octets)).to.equal(true);
}

/** A GPI whose encrypted fields are these octets, by docs/gpi.md. */
function sealedGpi(body: Buffer): Buffer {
  const keys = Buffer.from(hkdfSync('sha256', PROTECTION.key, VECTOR.rand, 'osgate gpi 1', 28));
  return Buffer.concat([CLEAR, AES_128_GCM.seal(keys.subarray(0, 16), keys.subarray(16), CLEAR, body)]);
}

function checkGpiBody(text: string): void {
  const octets = sealedGpi(Buffer.from(text, 'latin1'));
  const opened = codec.open(octets, PROTECTION);
  if (opened !== undefined) expect(codec.encode(opened, PROTECTION).equals(octets)).to.equal(true);
}

/** With the keys of the vectors, for each name that they have. */
function openLayer(octets: Buffer): Buffer[] {
  return ASSOCIATIONS.flatMap((association) => {
    const opening = new PushLayerReceiver({ association, nafKey: VECTOR.nafKey }).open(octets);
    return opening.ok ? [opening.text] : [];
  });
}

function checkLayer(text: string): void {
  const octets = Buffer.from(text, 'latin1');
  if (openLayer(octets).length > 0)
    expect(
      LAYER.some((vector) => vector.equals(octets)),
      'a changed message was opened',
    ).to.equal(true);
  const message = parsePushLayerMessage(octets);
  if (message === undefined) return;
  const { suite, association, sequenceNumber, header, sealed } = message;
  expect(Buffer.concat([header, sealed]).equals(octets)).to.equal(true);
  // A P-TID that is no UTF-8 is the name of no NAF SA; every other header has one spelling.
  if (association.direction === 'uplink' && association.ptid.includes('\ufffd')) return;
  expect(formatPushLayerHeader(suite, association, sequenceNumber).equals(header)).to.equal(true);
}

const readGpi = (octets: Buffer): unknown => codec.open(octets, PROTECTION);

/** What gateway and agent read of each other. Texts are Latin-1, one character an octet. */
export const PUSH_FUZZ_TARGETS: readonly FuzzTarget[] = [
  target('push-gpi', [GPI], readGpi, checkGpi),
  target(
    'push-gpi-body',
    [Buffer.concat([Buffer.from('6b36ec00', 'hex'), Buffer.from(VECTOR.ptid)])],
    (octets) => readGpi(sealedGpi(octets)),
    checkGpiBody,
  ),
  target('push-envelope', [ENVELOPE], parseGpiEnvelope, canonical(parseGpiEnvelope, formatGpiEnvelope)),
  target('push-layer', LAYER, openLayer, checkLayer),
  target('push-package', PACKAGES, parsePushPackage, canonical(parsePushPackage, formatPushPackage)),
  target('push-content', CONTENTS, parsePushContent, stable(parsePushContent, formatPushContent)),
  target('push-receipt', RECEIPTS, parsePushReceipt, stable(parsePushReceipt, formatPushReceipt)),
];
