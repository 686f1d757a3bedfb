import { expect } from 'chai';

import { judge, type Identity, type Judgement } from '../../../lib/identity/index.ts';
import { SipRequest } from '../../../sip/message/index.ts';

const ALICE: Identity = {
  scheme: 'gba-digest',
  subject: 'AAAA@bsf',
  impus: ['sip:alice@example.com', 'tel:+1-555', 'sip:work@example.com'],
};

function decide(
  from: string,
  changes: { method?: string; to?: string; preferred?: string[]; identity?: Identity } = {},
): Judgement {
  const request = new SipRequest(changes.method ?? 'MESSAGE', 'sip:bob@example.com');
  request.append('From', `<${from}>;tag=1`);
  request.append('To', `<${changes.to ?? 'sip:bob@example.com'}>`);
  for (const value of changes.preferred ?? []) request.append('P-Preferred-Identity', value);
  return judge(changes.identity ?? ALICE, request);
}

const asserted = (...uris: string[]): Judgement => ({ allowed: true, asserted: uris });
const refused: Judgement = { allowed: false };

describe('judge', () => {
  it('asserts the public identity in From, as the key centre spells it', () => {
    expect(decide('sip:%61lice@EXAMPLE.com')).to.deep.equal(asserted('sip:alice@example.com'));
    expect(decide('tel:+1555')).to.deep.equal(asserted('tel:+1-555'));
  });

  it('refuses the identity of another', () => {
    for (const from of ['sip:mallory@example.com', 'sips:alice@example.com', 'sip:alice@example.com:5070', 'alice']) {
      expect(decide(from), from).to.deep.equal(refused);
    }
  });

  it('prefers a P-Preferred-Identity of the peer, the first sip and the first tel', () => {
    expect(
      decide('sip:alice@example.com', {
        preferred: ['<sip:work@example.com>, "A" <tel:+1555>', '<sip:alice@example.com>'],
      }),
    ).to.deep.equal(asserted('sip:work@example.com', 'tel:+1-555'));
  });

  it('passes over a P-Preferred-Identity of another', () => {
    const preferred = ['<sip:mallory@example.com>', 'broken <'];
    expect(decide('sip:alice@example.com', { preferred })).to.deep.equal(asserted('sip:alice@example.com'));
    expect(decide('sip:mallory@example.com', { preferred })).to.deep.equal(refused);
  });

  it('asserts the default identity of one who is anonymous', () => {
    expect(decide('sip:Anonymous@anonymous.invalid')).to.deep.equal(asserted('sip:alice@example.com'));
    expect(decide('sip:anonymous@anonymous.invalid', { identity: { ...ALICE, impus: [] } })).to.deep.equal(refused);
  });

  it('lets a peer register itself only', () => {
    const method = 'REGISTER';
    expect(decide('sip:alice@example.com', { method, to: 'sip:work@example.com' })).to.deep.equal(
      asserted('sip:alice@example.com'),
    );
    expect(decide('sip:alice@example.com', { method, to: 'sip:mallory@example.com' })).to.deep.equal(refused);
  });

  it('asserts nothing for a trusted peer and for one that proved nothing', () => {
    for (const scheme of ['trusted', 'none'] as const) {
      const identity: Identity = { scheme, subject: '192.0.2.1', impus: [] };
      expect(decide('sip:mallory@example.com', { identity }), scheme).to.deep.equal(asserted());
    }
  });
});
