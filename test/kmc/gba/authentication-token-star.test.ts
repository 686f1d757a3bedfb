import { expect } from 'chai';

import { authenticationTokenStar } from '../../../kmc/gba/index.ts';
import { KmcError } from '../../../kmc/errors.ts';

const AUTN = Buffer.from('55f328b43577b9b94a9ffac354dfafb3', 'hex');
const IK = Buffer.from('f769bcd751044604127672711c6d3441', 'hex');

describe('AUTN*', () => {
  it('has the MAC combined with SHA-1 of IK, and nothing else changed', () => {
    expect(authenticationTokenStar(AUTN, IK).toString('hex')).to.equal('55f328b43577b9b98c7f3f0d723fb244');
  });

  it('is undone by doing it again', () => {
    expect(authenticationTokenStar(authenticationTokenStar(AUTN, IK), IK)).to.deep.equal(AUTN);
  });

  it('does not take octets of another number', () => {
    for (const [autn, ik] of [
      [AUTN.subarray(1), IK],
      [AUTN, IK.subarray(1)],
    ] as const) {
      expect(() => authenticationTokenStar(autn, ik))
        .to.throw(KmcError)
        .with.property('code', 'OSGATE_KMC_INVALID_ARGUMENT');
    }
  });
});
