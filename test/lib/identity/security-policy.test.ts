import { expect } from 'chai';

import { MethodPolicy, permit, type Identity } from '../../../lib/identity/index.ts';

const ALICE: Identity = {
  scheme: 'digest',
  subject: 'alice',
  impus: ['sip:alice@example.com', 'sip:work@example.com', 'tel:+1555'],
  securitySettings: [
    { gsid: 0, uids: ['sip:alice@example.com', 'tel:+1555'], flags: [1, 2] },
    { gsid: 7, uids: ['sip:work@example.com'], flags: [] },
  ],
};

describe('permit', () => {
  const impusFor = (requires: Parameters<typeof permit>[1]): readonly string[] | undefined =>
    permit(ALICE, requires)?.impus;

  it('leaves everybody as they are where nothing is required', () => {
    expect(permit(ALICE, undefined)).to.equal(ALICE);
    const none: Identity = { scheme: 'none', subject: '192.0.2.1', impus: [] };
    expect(permit(none, undefined)).to.equal(none);
  });

  it('needs all flags of at least one entry, in one setting', () => {
    expect(impusFor([{ gsid: 0, flags: [1, 2] }])).to.deep.equal(['sip:alice@example.com', 'tel:+1555']);
    expect(impusFor([{ gsid: 0, flags: [1, 3] }])).to.equal(undefined);
    expect(
      impusFor([
        { gsid: 0, flags: [3] },
        { gsid: 7, flags: [] },
      ]),
    ).to.deep.equal(['sip:work@example.com']);
    expect(impusFor([{ gsid: 7, flags: [1] }]), 'the flag of another GSID').to.equal(undefined);
    expect(impusFor([{ gsid: 8, flags: [] }])).to.equal(undefined);
    expect(impusFor([])).to.equal(undefined);
  });

  it('limits the public identities to those of all settings that are met', () => {
    expect(
      permit(ALICE, [
        { gsid: 0, flags: [] },
        { gsid: 7, flags: [] },
      ]),
    ).to.equal(ALICE);
    const unlimited = { ...ALICE, securitySettings: [{ gsid: 0, uids: [], flags: [] }] };
    expect(permit(unlimited, [{ gsid: 0, flags: [] }]), 'no uids, no limit').to.equal(unlimited);
  });

  it('permits a trusted peer, who is no subscriber, and nobody who proved nothing', () => {
    const requires = [{ gsid: 0, flags: [] }];
    const inside: Identity = { scheme: 'trusted', subject: '10.0.0.1', impus: [] };
    expect(permit(inside, requires)).to.equal(inside);
    expect(permit({ scheme: 'none', subject: '192.0.2.1', impus: [] }, requires)).to.equal(undefined);
    expect(permit(undefined, requires)).to.equal(undefined);
  });
});

describe('MethodPolicy', () => {
  it('knows what a method requires, by its exact name', () => {
    const requires = [{ gsid: 0, flags: [1] }];
    const policy = new MethodPolicy([{ methods: ['INVITE', 'REFER'], requires }]);
    expect(policy.requirementsOf('REFER')).to.equal(requires);
    expect(policy.requirementsOf('invite')).to.equal(undefined);
    expect(policy.requirementsOf('MESSAGE')).to.equal(undefined);
  });
});
