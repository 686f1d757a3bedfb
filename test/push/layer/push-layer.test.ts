import { expect } from 'chai';
import fc from 'fast-check';

import {
  PUSH_CIPHER_SUITES,
  PushError,
  PushLayerReceiver,
  PushLayerSender,
  type PushCipherSuite,
  type SecurityAssociationId,
} from '../../../push/index.ts';

const NAF_KEY = Buffer.from('07a3f302808bfd3c0a622701d1d34b4f48b15dc629c2973206a76f7729494396', 'hex');
const DOWNLINK: SecurityAssociationId = {
  direction: 'downlink',
  rand: Buffer.from('202122232425262728292a2b2c2d2e2f', 'hex'),
  naf: 'osg.example.com',
};
const UPLINK: SecurityAssociationId = { direction: 'uplink', ptid: 'AAAAAAAAAAAAAAAAAAAAAA' };
const TEXT = Buffer.from('where are you?');

function pair(
  association: SecurityAssociationId = DOWNLINK,
  suite?: PushCipherSuite,
): { sender: PushLayerSender; receiver: PushLayerReceiver } {
  const common = { association, nafKey: NAF_KEY };
  return {
    sender: new PushLayerSender({ ...common, ...(suite === undefined ? {} : { suite }) }),
    receiver: new PushLayerReceiver(common),
  };
}

/** docs/gpi.md has the same; a second program, Python's cryptography, computed them too. */
const VECTORS: Readonly<Record<string, string>> = {
  'AES_128_GCM downlink':
    '0101000f6f73672e6578616d706c652e636f6d202122232425262728292a2b2c2d2e2f0000000161217df0fc47be2b8c9a0ae122df9f6545ba0c89f0c86f7b91b8850b282c',
  'AES_128_GCM uplink':
    '01010116414141414141414141414141414141414141414141410000000184287520a33888081bfb9a961428c857c7e283675b0f4f5e6f7ae14128b8',
  'AES_256_GCM downlink':
    '0102000f6f73672e6578616d706c652e636f6d202122232425262728292a2b2c2d2e2f000000016ee9e6a064ccbccdee8d05022ed4361c01bd73a2b3fb09c217ccabe0c9d9',
  'AES_256_GCM uplink':
    '01020116414141414141414141414141414141414141414141410000000141b67624e71c38ab1fc9df2c1213bcca35536fc9d8a780493b335a49cc07',
  'AES_128_CTR_HMAC_SHA_256 downlink':
    '0103000f6f73672e6578616d706c652e636f6d202122232425262728292a2b2c2d2e2f000000017ee22cd93c17c05f07d6d781ecf8a663092c564602f356ae3d76acf6b855',
  'AES_128_CTR_HMAC_SHA_256 uplink':
    '010301164141414141414141414141414141414141414141414100000001b6bcfb19301fa29bbba146939913fd3b5941378d556e98e0524dab9a30a9',
};

describe('push layer', () => {
  for (const suite of PUSH_CIPHER_SUITES) {
    describe(suite.name, () => {
      it('has the octets of docs/gpi.md', () => {
        expect(pair(DOWNLINK, suite).sender.seal(TEXT).toString('hex')).to.equal(VECTORS[`${suite.name} downlink`]);
        expect(pair(UPLINK, suite).sender.seal(TEXT).toString('hex')).to.equal(VECTORS[`${suite.name} uplink`]);
      });

      for (const association of [DOWNLINK, UPLINK]) {
        it(`opens what was sealed, ${association.direction}`, () => {
          const { sender, receiver } = pair(association, suite);
          for (let sequenceNumber = 1; sequenceNumber <= 3; sequenceNumber++) {
            expect(receiver.open(sender.seal(TEXT))).to.deep.equal({ ok: true, text: TEXT, sequenceNumber });
          }
        });

        it(`refuses a message when any bit of it is flipped, ${association.direction}`, () => {
          const { sender, receiver } = pair(association, suite);
          const octets = sender.seal(TEXT);
          for (let bit = 0; bit < octets.length * 8; bit++) {
            const flipped = Buffer.from(octets);
            flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
            expect(receiver.open(flipped).ok, `bit ${bit}`).to.equal(false);
          }
          expect(receiver.highest).to.equal(0);
          expect(receiver.open(octets).ok).to.equal(true);
        });

        it(`refuses a message cut short or with more behind it, ${association.direction}`, () => {
          const { sender, receiver } = pair(association, suite);
          const octets = sender.seal(TEXT);
          for (let length = 0; length < octets.length; length++) {
            expect(receiver.open(octets.subarray(0, length)).ok, `${length} octets`).to.equal(false);
          }
          expect(receiver.open(Buffer.concat([octets, Buffer.of(0)])).ok).to.equal(false);
        });
      }
    });
  }

  it('opens each number once, and none below the highest', () => {
    const { sender, receiver } = pair();
    const [first, second, third] = [sender.seal(TEXT), sender.seal(TEXT), sender.seal(TEXT)];
    expect(receiver.open(second).ok).to.equal(true);
    for (const octets of [first, second])
      expect(receiver.open(octets)).to.deep.equal({ ok: false, failure: 'replayed' });
    expect(receiver.open(third).ok).to.equal(true);
    expect(receiver.highest).to.equal(3);
  });

  it('does not let a forged message with a high number move the window', () => {
    const { sender, receiver } = pair();
    const forged = new PushLayerSender({ association: DOWNLINK, nafKey: Buffer.alloc(32, 1), next: 1000 }).seal(TEXT);
    expect(receiver.open(forged)).to.deep.equal({ ok: false, failure: 'forged' });
    expect(receiver.open(sender.seal(TEXT)).ok).to.equal(true);
  });

  it('says forged, not replayed, of a forged message with a number that was seen', () => {
    const { sender, receiver } = pair();
    receiver.open(sender.seal(TEXT));
    const forged = new PushLayerSender({ association: DOWNLINK, nafKey: Buffer.alloc(32, 1) }).seal(TEXT);
    expect(receiver.open(forged)).to.deep.equal({ ok: false, failure: 'forged' });
  });

  it('goes on after a restart where it stopped', () => {
    const { sender, receiver } = pair();
    const seen = sender.seal(TEXT);
    receiver.open(seen);
    const again = new PushLayerReceiver({ association: DOWNLINK, nafKey: NAF_KEY, highest: receiver.highest });
    expect(again.open(seen)).to.deep.equal({ ok: false, failure: 'replayed' });
    const next = new PushLayerSender({ association: DOWNLINK, nafKey: NAF_KEY, next: sender.next });
    expect(again.open(next.seal(TEXT))).to.deep.include({ ok: true, sequenceNumber: 2 });
  });

  it('does not take the message of another NAF SA, nor its own message back', () => {
    const { receiver } = pair();
    const other = { ...DOWNLINK, rand: Buffer.alloc(16, 9) };
    for (const association of [other, UPLINK]) {
      const octets = new PushLayerSender({ association, nafKey: NAF_KEY }).seal(TEXT);
      expect(receiver.open(octets)).to.deep.equal({ ok: false, failure: 'other-association' });
    }
  });

  it('never uses a number twice', () => {
    const sender = new PushLayerSender({ association: DOWNLINK, nafKey: NAF_KEY, next: 0xffff_ffff });
    expect(sender.seal(TEXT)).to.be.instanceOf(Buffer);
    expect(() => sender.seal(TEXT))
      .to.throw(PushError)
      .with.property('code', 'OSGATE_PUSH_SEQUENCE_EXHAUSTED');
  });

  it('opens messages of any content', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), fc.constantFrom(...PUSH_CIPHER_SUITES), (text, suite) => {
        const { sender, receiver } = pair(UPLINK, suite);
        expect(receiver.open(sender.seal(text))).to.deep.equal({
          ok: true,
          text: Buffer.from(text),
          sequenceNumber: 1,
        });
      }),
    );
  });

  it('never throws for any octets', () => {
    const { receiver } = pair();
    const start = fc.tuple(fc.constant(1), fc.nat({ max: 4 }), fc.nat({ max: 2 }), fc.nat({ max: 40 }));
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 120 }), (first, rest) => {
        expect(receiver.open(Buffer.from([...first, ...rest])).ok).to.equal(false);
        expect(receiver.open(rest).ok).to.equal(false);
      }),
      { numRuns: 2000 },
    );
  });

  it('does not take a name that does not fit', () => {
    const names: SecurityAssociationId[] = [
      { direction: 'uplink', ptid: '' },
      { direction: 'uplink', ptid: 'é'.repeat(128) },
      { direction: 'downlink', rand: Buffer.alloc(15), naf: 'a' },
      { direction: 'downlink', rand: Buffer.alloc(16), naf: '' },
    ];
    for (const association of names) {
      expect(() => new PushLayerSender({ association, nafKey: NAF_KEY })).to.throw(PushError);
      expect(() => new PushLayerReceiver({ association, nafKey: NAF_KEY })).to.throw(PushError);
    }
  });
});
