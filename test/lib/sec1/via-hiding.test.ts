import { expect } from 'chai';

import { mustHideVia } from '../../../lib/sec1/via-hiding.ts';
import { SipRequest, type Flow } from '../../../sip/index.ts';
import { silentTransport } from '../../support/fake-listener.ts';

describe('Via values that must stay outside', () => {
  const udp: Flow = { transport: silentTransport('UDP'), peer: { address: '192.0.2.1', port: 5060 } };
  const dtls: Flow = { ...udp, transport: silentTransport('DTLS-UDP') };
  const request = (...values: string[]): SipRequest => {
    const made = new SipRequest('MESSAGE', 'sip:bob@example.com');
    for (const value of values) made.append('Via', value);
    return made;
  };
  const plain = 'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1';

  it('are all that came over DTLS, and those that only say so', () => {
    expect(mustHideVia(request(plain), udp)).to.equal(false);
    expect(mustHideVia(request(plain, plain, `${plain}, ${plain}`), udp)).to.equal(false);
    expect(mustHideVia(request(plain), dtls)).to.equal(true);
    for (const token of ['DTLS-UDP', 'dtls-udp', 'DTLS']) {
      const claimed = `SIP/2.0/${token} 192.0.2.1:5061;branch=z9hG4bK2`;
      expect(mustHideVia(request(claimed), udp), token).to.equal(true);
      expect(mustHideVia(request(plain, claimed), udp), token).to.equal(true);
      expect(mustHideVia(request(`${plain}, ${claimed}`), udp), token).to.equal(true);
      expect(mustHideVia(request(plain, `SIP / 2.0 / ${token} x`), udp), token).to.equal(true);
    }
    expect(mustHideVia(request(plain, 'no Via'), udp), 'what cannot be read').to.equal(true);
  });
});
