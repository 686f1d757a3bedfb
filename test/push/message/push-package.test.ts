import { expect } from 'chai';
import fc from 'fast-check';
import { encode } from 'msgpack-lite';

import {
  formatPushContent,
  formatPushPackage,
  formatPushReceipt,
  parsePushContent,
  PUSH_MESSAGE_CLASSES,
  parsePushPackage,
  parsePushReceipt,
  PushError,
  type PushContent,
} from '../../../push/index.ts';

const bytes = (minLength: number, maxLength = minLength): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ minLength, maxLength }).map((octets) => Buffer.from(octets));

describe('push package', () => {
  it('has the octets of docs/gpi.md', () => {
    const octets = formatPushPackage({
      envelope: Buffer.of(0xe1),
      message: Buffer.of(0xa1, 0xa2),
      resynchronisation: { rand: Buffer.alloc(16, 0x11), auts: Buffer.alloc(14, 0x22) },
    });
    expect(octets.toString('hex')).to.equal(`010001e1020002a1a203001e${'11'.repeat(16)}${'22'.repeat(14)}`);
  });

  it('gives back every package that was made', () => {
    const parts = fc.record(
      {
        envelope: bytes(0, 200),
        message: bytes(0, 2000),
        resynchronisation: fc.record({ rand: bytes(16), auts: bytes(14) }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(parts, (value) => {
        const expected = Object.keys(value).length === 0 ? undefined : value;
        expect(parsePushPackage(formatPushPackage(value))).to.deep.equal(expected);
      }),
    );
  });

  it('is refused when it is cut, has a unit twice, out of order, unknown or of a wrong length', () => {
    const wrong = [
      '',
      '01',
      '0100',
      '010001',
      '040000',
      '000000',
      '010000010000',
      '020000010000',
      '03001d',
      '03000100',
    ];
    for (const octets of wrong) expect(parsePushPackage(Buffer.from(octets, 'hex')), octets).to.equal(undefined);
    const whole = formatPushPackage({ envelope: Buffer.alloc(5), message: Buffer.alloc(7) });
    for (let length = 0; length < whole.length; length++) {
      if (length !== 8) expect(parsePushPackage(whole.subarray(0, length)), `${length} octets`).to.equal(undefined);
    }
  });

  it('never throws for any octets, and reads what it can write again', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (octets) => {
        const parts = parsePushPackage(octets);
        if (parts !== undefined) expect(formatPushPackage(parts)).to.deep.equal(Buffer.from(octets));
      }),
      { numRuns: 2000 },
    );
  });

  it('does not take a part of more than 65,535 octets', () => {
    expect(() => formatPushPackage({ message: Buffer.alloc(65_536) }))
      .to.throw(PushError)
      .with.property('code', 'OSGATE_PUSH_INVALID_ARGUMENT');
  });
});

describe('content and receipt of a push', () => {
  const CONTENT: PushContent = {
    id: 'abc',
    type: 'text/plain',
    content: Buffer.from([0, 255]),
    applicationId: 'x-oma-application:ulp.ua',
    deliverBefore: 1_800_000_000_000,
  };

  it('come back as they were', () => {
    expect(parsePushContent(formatPushContent(CONTENT))).to.deep.equal(CONTENT);
    const { applicationId, ...plain } = CONTENT;
    expect(applicationId).to.be.a('string');
    expect(parsePushContent(formatPushContent(plain))).to.deep.equal(plain);
    for (const messageClass of PUSH_MESSAGE_CLASSES) {
      const classed = { ...CONTENT, messageClass };
      expect(parsePushContent(formatPushContent(classed))).to.deep.equal(classed);
    }
    const unknown = encode(['a', 'b/c', Buffer.from('d'), null, 1, 'urgent']);
    expect(parsePushContent(unknown)).to.equal(undefined);
    for (const outcome of ['delivered', 'refused', 'failed'] as const) {
      expect(parsePushReceipt(formatPushReceipt({ id: 'abc', outcome }))).to.deep.equal({ id: 'abc', outcome });
    }
  });

  it('are refused when a field is missing, of another type, empty or too long', () => {
    const wrong: Partial<PushContent>[] = [
      { id: '' },
      { id: 'x'.repeat(1025) },
      { type: '' },
      { applicationId: '' },
      { deliverBefore: Number.NaN },
      { content: 'text' as unknown as Buffer },
    ];
    for (const change of wrong) {
      expect(parsePushContent(formatPushContent({ ...CONTENT, ...change })), JSON.stringify(change)).to.equal(
        undefined,
      );
    }
    expect(parsePushReceipt(formatPushContent(CONTENT))).to.equal(undefined);
    expect(parsePushContent(formatPushReceipt({ id: 'abc', outcome: 'delivered' }))).to.equal(undefined);
    expect(parsePushReceipt(formatPushReceipt({ id: 'abc', outcome: 'maybe' as 'failed' }))).to.equal(undefined);
  });

  it('never throw for any octets', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (octets) => {
        parsePushContent(Buffer.from(octets));
        parsePushReceipt(Buffer.from(octets));
      }),
      { numRuns: 3000 },
    );
  });
});
