import { expect } from 'chai';
import fc from 'fast-check';

import { formatGpiEnvelope, parseGpiEnvelope, PushError } from '../../../push/index.ts';

describe('GPI envelope', () => {
  it('has version 1, the session identifier in two octets, and the GPI', () => {
    const octets = formatGpiEnvelope({ sessionId: 0x1234, gpi: Buffer.from('abcd', 'hex') });
    expect(octets.toString('hex')).to.equal('011234abcd');
    expect(parseGpiEnvelope(octets)).to.deep.equal({ sessionId: 0x1234, gpi: Buffer.from('abcd', 'hex') });
  });

  it('is refused with another version, or without a GPI', () => {
    for (const octets of ['', '01', '0112', '011234', '001234ab', '021234ab']) {
      expect(parseGpiEnvelope(Buffer.from(octets, 'hex')), octets).to.equal(undefined);
    }
  });

  it('does not take a session identifier of more than 16 bits', () => {
    for (const sessionId of [-1, 65_536, 1.5, Number.NaN]) {
      expect(() => formatGpiEnvelope({ sessionId, gpi: Buffer.of(1) }))
        .to.throw(PushError)
        .with.property('code', 'OSGATE_PUSH_INVALID_ARGUMENT');
    }
  });

  it('never throws for any octets, and reads what it wrote', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const envelope = parseGpiEnvelope(bytes);
        if (envelope !== undefined) expect(formatGpiEnvelope(envelope)).to.deep.equal(Buffer.from(bytes));
      }),
    );
  });
});
