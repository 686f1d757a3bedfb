import { randomBytes } from 'node:crypto';

import { expect } from 'chai';

import { AssociationSecrets } from '../../../dtls/suites/association-secrets.ts';

function parts() {
  return { masterSecret: randomBytes(48), clientRandom: randomBytes(32), serverRandom: randomBytes(32) };
}

describe('the secrets of an association', () => {
  it('are copies of what they are made of, and the keys stand where it says', () => {
    const given = parts();
    const keys = randomBytes(40);
    const secrets = new AssociationSecrets(given, keys.length);
    expect(secrets.keys).to.deep.equal(Buffer.alloc(40));
    keys.copy(secrets.keys);
    const { masterSecret, clientRandom, serverRandom, octets, keysStart } = secrets;
    expect({ masterSecret, clientRandom, serverRandom }).to.deep.equal(given);
    expect(octets.subarray(keysStart, keysStart + 40)).to.deep.equal(keys);
    given.masterSecret.fill(0);
    expect(secrets.masterSecret).to.deep.equal(masterSecret);
  });

  it('are restored from what they gave', () => {
    const secrets = new AssociationSecrets(parts(), 56);
    randomBytes(56).copy(secrets.keys);
    const restored = AssociationSecrets.restore(secrets.parts, secrets.keys);
    expect([restored.parts, restored.keys]).to.deep.equal([secrets.parts, secrets.keys]);
    expect(restored.serverRandom).to.deep.equal(secrets.serverRandom);
  });

  it('share memory, and never an octet of it, whatever their lengths', () => {
    const all = Array.from({ length: 100 }, (_, index) => {
      const given = parts();
      const keys = randomBytes(40 + (index % 5) * 16);
      const secrets = new AssociationSecrets(given, keys.length);
      keys.copy(secrets.keys);
      return { given, keys, secrets };
    });
    expect(new Set(all.map(({ secrets }) => secrets.octets)).size).to.be.lessThan(12);
    for (const [index, { secrets }] of all.entries()) if (index % 3 === 0) secrets.wipe();
    for (const [index, { given, keys, secrets }] of all.entries()) {
      expect(secrets.areWiped).to.equal(index % 3 === 0);
      if (index % 3 === 0) continue;
      expect(secrets.parts).to.deep.equal(Buffer.concat([given.masterSecret, given.clientRandom, given.serverRandom]));
      expect(secrets.keys).to.deep.equal(keys);
    }
  });

  it('leave nothing behind when they are wiped, not in views that were given out either', () => {
    const secrets = new AssociationSecrets(parts(), 40);
    secrets.keys.fill(1);
    const views = [secrets.parts, secrets.keys];
    secrets.wipe();
    for (const view of views) expect(view.every((octet) => octet === 0)).to.be.true;
    expect(secrets.masterSecret).to.have.length(0);
    expect(secrets.keys).to.have.length(0);
    secrets.wipe();
    expect(secrets.areWiped).to.be.true;
  });
});
