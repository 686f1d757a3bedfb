import { expect } from 'chai';
import fc from 'fast-check';

import { NafId, UaSecurityProtocolId } from '../../../kmc/index.ts';
import { GpiCodecV1, gpiProtectionKey, PushError, type Gpi } from '../../../push/index.ts';

const codec = new GpiCodecV1();

const KS = Buffer.from('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'hex');
const RAND = Buffer.from('202122232425262728292a2b2c2d2e2f', 'hex');
const IMPI = '001010123456789@ims.mnc001.mcc001.3gppnetwork.org';
const NAF_ID = new NafId('osg.example.com', UaSecurityProtocolId.parse('0100000005'));

const GPI: Gpi = {
  mode: 'GBA_ME',
  rand: RAND,
  autn: Buffer.from('55f328b43577b9b94a9ffac354dfafb3', 'hex'),
  applicationLabel: Buffer.alloc(0),
  nafId: NAF_ID,
  ptid: 'AAAAAAAAAAAAAAAAAAAAAA',
  expiresAt: Date.UTC(2027, 0, 1),
};

/** docs/gpi.md has the same vector; it was computed a second time with Python's cryptography. */
const CLEAR =
  '0100202122232425262728292a2b2c2d2e2f55f328b43577b9b94a9ffac354dfafb3000f6f73672e6578616d706c652e636f6d0100000005';
const SEALED = '3e4808d8f0361ac26823e05c173b99829b59fe6d2151ead4b3128178cd9e19a5fb19e32dbd08e77e5212';

function protection(input: Partial<Parameters<typeof gpiProtectionKey>[0]> = {}): { key: Buffer } {
  return { key: gpiProtectionKey({ ks: KS, rand: RAND, impi: IMPI, nafId: NAF_ID, ...input }) };
}

describe('GpiCodecV1', () => {
  it('opens what it wrote', () => {
    const octets = codec.encode(GPI, protection());
    expect(codec.open(octets, protection())).to.deep.equal(GPI);
  });

  it('has the octets of docs/gpi.md', () => {
    const octets = codec.encode(GPI, protection());
    expect(octets.toString('hex')).to.equal(CLEAR + SEALED);
  });

  it('tells RAND, AUTN, label, mode and NAF_Id before there is a key, and nothing of the P-TID', () => {
    const octets = codec.encode(
      { ...GPI, mode: 'GBA_U', applicationLabel: Buffer.from('a0000000', 'hex') },
      protection(),
    );
    expect(codec.randOf(octets)).to.deep.equal(RAND);
    expect(codec.readHeader(octets)).to.deep.equal({
      mode: 'GBA_U',
      rand: RAND,
      autn: GPI.autn,
      applicationLabel: Buffer.from('a0000000', 'hex'),
      nafId: NAF_ID,
    });
    expect(octets.includes(GPI.ptid)).to.equal(false);
  });

  it('has at most 118 octets with an FQDN of 30 octets, a label of 4 and a P-TID of 128 bits', () => {
    const nafId = new NafId('gateway-1.push.operator.example'.slice(0, 30), NAF_ID.protocol);
    const ptid = Buffer.alloc(16, 7).toString('base64url');
    const octets = codec.encode({ ...GPI, nafId, ptid, applicationLabel: Buffer.alloc(4) }, protection());
    expect(nafId.fqdn).to.have.length(30);
    expect(octets.length).to.be.at.most(118);
  });

  it('refuses it when any bit of any field is flipped', () => {
    const octets = codec.encode({ ...GPI, applicationLabel: Buffer.of(1, 2) }, protection());
    for (let bit = 0; bit < octets.length * 8; bit++) {
      const flipped = Buffer.from(octets);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      // The agent makes the key from what the header says.
      const header = codec.readHeader(flipped);
      const key = header === undefined ? protection() : protection({ rand: header.rand, nafId: header.nafId });
      expect(codec.open(flipped, key), `bit ${bit}`).to.equal(undefined);
    }
  });

  it('refuses it cut short or with more behind it', () => {
    const octets = codec.encode(GPI, protection());
    for (let length = 0; length < octets.length; length++) {
      expect(codec.open(octets.subarray(0, length), protection()), `${length} octets`).to.equal(undefined);
    }
    expect(codec.open(Buffer.concat([octets, Buffer.alloc(1)]), protection())).to.equal(undefined);
  });

  it('refuses it under the key of another run, subscriber or gateway', () => {
    const octets = codec.encode(GPI, protection());
    const others = [
      protection({ ks: Buffer.alloc(32, 1) }),
      protection({ rand: Buffer.alloc(16, 1) }),
      protection({ impi: `x${IMPI}` }),
      protection({ nafId: new NafId('other.example.com', NAF_ID.protocol) }),
    ];
    for (const other of others) expect(codec.open(octets, other)).to.equal(undefined);
  });

  it('holds every GPI that its layout has room for', () => {
    const octets = (length: number): fc.Arbitrary<Buffer> =>
      fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => Buffer.from(bytes));
    const gpi = fc.record({
      mode: fc.constantFrom('GBA_ME' as const, 'GBA_U' as const),
      rand: octets(16),
      autn: octets(16),
      applicationLabel: fc.uint8Array({ maxLength: 16 }).map((bytes) => Buffer.from(bytes)),
      nafId: fc
        .constantFrom('a', 'gateway.example.net', 'x'.repeat(200))
        .map((fqdn) => new NafId(fqdn, NAF_ID.protocol)),
      ptid: fc
        .string({ minLength: 1, maxLength: 60, unit: 'grapheme' })
        .filter((text) => Buffer.byteLength(text) <= 255),
      expiresAt: fc.integer({ min: 0, max: 0xffff_ffff }).map((seconds) => seconds * 1000),
    });
    fc.assert(
      fc.property(gpi, octets(32), (value, key) => {
        expect(codec.open(codec.encode(value, { key }), { key })).to.deep.equal(value);
      }),
    );
  });

  it('never throws for any octets', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat({ max: 30 }), (bytes, label) => {
        // Beyond the first tests of the parser.
        const octets = Buffer.from(bytes);
        if (octets.length > 40) octets.set([1, label & 1], 0);
        if (octets.length > 40) octets[34] = label;
        expect(codec.open(octets, protection())).to.equal(undefined);
        codec.randOf(octets);
      }),
      { numRuns: 2000 },
    );
  });

  const wrong: Record<string, Partial<Gpi>> = {
    'a RAND of 15 octets': { rand: Buffer.alloc(15) },
    'an AUTN of 17 octets': { autn: Buffer.alloc(17) },
    'a label of 17 octets': { applicationLabel: Buffer.alloc(17) },
    'no P-TID': { ptid: '' },
    'a P-TID of 256 octets': { ptid: 'x'.repeat(256) },
    'a time after 2106': { expiresAt: 2 ** 32 * 1000 },
  };
  for (const [what, change] of Object.entries(wrong)) {
    it(`does not write ${what}`, () => {
      expect(() => codec.encode({ ...GPI, ...change }, protection()))
        .to.throw(PushError)
        .with.property('code', 'OSGATE_PUSH_INVALID_ARGUMENT');
    });
  }
});
