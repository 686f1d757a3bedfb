import { expect } from 'chai';

import { KmcError } from '../../../kmc/errors.ts';
import { NafId, UaSecurityProtocolId } from '../../../kmc/gba/index.ts';
import type { BootstrappingInfo } from '../../../kmc/key-centre.ts';
import { KeyCache } from '../../../lib/identity/index.ts';

const nafId = new NafId('osg.example.com', UaSecurityProtocolId.parse('0300000003'));
const ask = (btid: string) => ({ btid, nafId, gsids: [0] });

function setUp(answer: () => Promise<BootstrappingInfo>, maximumKeys = 10) {
  const clock = { now: 1000 };
  let asked = 0;
  const keys = new KeyCache({
    keyCentre: {
      bootstrappingInfo: () => {
        asked++;
        return answer();
      },
    },
    maximumKeys,
    now: () => clock.now,
  });
  return { keys, clock, asked: () => asked };
}

function makeInfo(expiresAt: number, octets = 32): BootstrappingInfo {
  return { keys: { meKeyMaterial: Buffer.alloc(octets) }, createdAt: 0, expiresAt, securitySettings: [] };
}

describe('KeyCache', () => {
  it('asks once for all who wait, and keeps a key until it ends', async () => {
    const { keys, clock, asked } = setUp(() => Promise.resolve(makeInfo(5000)));
    const lookups = await Promise.all([keys.find(ask('a')), keys.find(ask('a')), keys.find(ask('a'))]);
    expect(lookups.map(({ outcome }) => outcome)).to.deep.equal(['found', 'found', 'found']);
    clock.now = 4999;
    expect(keys.find(ask('a'))).to.include({ outcome: 'found' });
    clock.now = 5000;
    expect(keys.find(ask('a'))).to.deep.equal({ outcome: 'expired' });
    expect(asked()).to.equal(1);
    expect(keys.counters).to.deep.equal({ hits: 2, unknownHits: 0, joined: 2, lookups: 1, failures: 0 });
  });

  it('remembers for a second that a B-TID is unknown', async () => {
    const { keys, clock, asked } = setUp(() =>
      Promise.reject(new KmcError('OSGATE_KMC_TRANSACTION_IDENTIFIER_INVALID', 'unknown')),
    );
    expect(await keys.find(ask('a'))).to.deep.equal({ outcome: 'unknown' });
    clock.now += 999;
    expect(keys.find(ask('a'))).to.deep.equal({ outcome: 'unknown' });
    expect(asked()).to.equal(1);
    clock.now += 1;
    expect(await keys.find(ask('a'))).to.deep.equal({ outcome: 'unknown' });
    expect(asked()).to.equal(2);
  });

  it('gives every failure a name, remembers none, and never rejects', async () => {
    const errors = [
      new KmcError('OSGATE_KMC_NOT_AUTHORISED', 'no'),
      new KmcError('OSGATE_KMC_UNAVAILABLE', 'no'),
      new TypeError('no'),
    ];
    const outcomes: string[] = [];
    const { keys } = setUp(() => Promise.reject(errors.shift() ?? new TypeError('no')));
    for (let count = 0; count < 3; count++) outcomes.push((await keys.find(ask('a'))).outcome);
    expect(outcomes).to.deep.equal(['not-authorised', 'unavailable', 'unavailable']);
  });

  it('takes no key of a wrong size', async () => {
    const { keys } = setUp(() => Promise.resolve(makeInfo(5000, 16)));
    expect(await keys.find(ask('a'))).to.deep.equal({ outcome: 'unavailable' });
  });

  it('is bounded', async () => {
    const { keys, asked } = setUp(() => Promise.resolve(makeInfo(5000)), 2);
    for (const btid of ['a', 'b', 'c', 'a']) await keys.find(ask(btid));
    expect(asked()).to.equal(4);
  });
});
