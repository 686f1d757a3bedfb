import { expect } from 'chai';

import { datagramKind } from '../../../../lib/sec1/index.ts';

describe('first octet of a datagram', () => {
  it('tells STUN, DTLS and SIP apart (RFC 7983)', () => {
    for (let octet = 0; octet < 256; octet++) {
      const expected = octet <= 3 ? 'stun' : octet >= 20 && octet <= 63 ? 'dtls' : 'other';
      expect(datagramKind(Buffer.of(octet, 0)), String(octet)).to.equal(expected);
    }
    for (const text of ['INVITE ', 'SIP/2.0 ', '\r\n\r\n', 'm', '']) {
      expect(datagramKind(Buffer.from(text)), text).to.equal('other');
    }
  });
});
