import { expect } from 'chai';

import { fitChallenge } from '../../../../lib/sec1/admission/challenge-size.ts';
import { SipResponse } from '../../../../sip/index.ts';

function challenge(): SipResponse {
  const response = new SipResponse(407);
  response.append('Via', 'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1');
  response.append('Proxy-Authenticate', 'Digest realm="a", nonce="b", algorithm=SHA-256');
  response.append('Proxy-Authenticate', 'Digest realm="a", nonce="b", algorithm=MD5');
  response.append('CSeq', '1 MESSAGE');
  return response;
}

describe('admission: the size of a challenge', () => {
  it('leaves one that fits as it is', () => {
    const response = challenge();
    expect(fitChallenge(response, response.toBuffer().length)).to.equal(response);
  });

  it('lesson 7: leaves the reason phrase out, then all challenges but the preferred one, then gives up', () => {
    const size = challenge().toBuffer().length;
    const bare = fitChallenge(challenge(), size - 1);
    expect(bare?.toText()).to.match(/^SIP\/2\.0 407 \r\n/);
    expect(bare?.headers('Proxy-Authenticate').length).to.equal(2);
    const noPhrase = bare?.toBuffer().length ?? 0;
    const single = fitChallenge(challenge(), noPhrase - 1);
    expect(single?.headers('Proxy-Authenticate')).to.deep.equal(['Digest realm="a", nonce="b", algorithm=SHA-256']);
    expect(single?.header('CSeq')).to.equal('1 MESSAGE');
    const smallest = single?.toBuffer().length ?? 0;
    expect(fitChallenge(challenge(), smallest)?.toBuffer().length).to.equal(smallest);
    expect(fitChallenge(challenge(), smallest - 1)).to.equal(undefined);
  });
});
