import { expect } from 'chai';

import { authenticationTokenStar, deriveKs, deriveKsIntNaf, deriveKsNaf } from '../../../kmc/gba/index.ts';
import {
  buildAuts,
  KmcError,
  Milenage,
  SqnArray,
  verifyAutn,
  type EmbeddedKeyCentre,
  type NafRights,
  type PushInfoRequest,
} from '../../../kmc/index.ts';
import { GpiCodecV1, gpiProtectionKey, type GpiHeader } from '../../../push/index.ts';
import { TEST_SUBSCRIBER } from '../../kmc/subscribers/test-subscriber.ts';
import { NAF_ID as nafId, PushKeyCentre } from '../support/push-key-centre.ts';

const NOW = Date.UTC(2027, 0, 1);
const { impi, impus } = TEST_SUBSCRIBER;
const milenage = new Milenage(TEST_SUBSCRIBER.k, TEST_SUBSCRIBER.opc);
const codec = new GpiCodecV1();

/** What an agent's card makes of a GPI. */
function cardOf({ rand, autn }: Pick<GpiHeader, 'rand' | 'autn'>, card = new SqnArray()) {
  const { ck, ik } = milenage.f2345(rand);
  const verified = verifyAutn(milenage, rand, autn) ?? expect.fail('AUTN does not verify');
  return { ks: deriveKs(ck, ik), ik, outcome: card.accept(verified.sqn) };
}

describe('GBA-Push-Info of a key centre', () => {
  const clock = { now: NOW };
  let centre: PushKeyCentre;
  const keyCentre = (rights?: Partial<NafRights>, burst?: number): EmbeddedKeyCentre => centre.keyCentre(rights, burst);
  const request = (changes?: Partial<PushInfoRequest>): PushInfoRequest => centre.request(changes);

  beforeEach(() => {
    clock.now = NOW;
    centre = new PushKeyCentre(clock);
    centre.database.add({
      ...TEST_SUBSCRIBER,
      impi: 'bob@home1.example',
      impus: ['sip:bob@home1.example', impus[1] ?? ''],
      settings: { bsfInfo: { uiccType: 'GBA_U' }, ussList: [{ gsid: 7, type: 7, uids: [], flags: [1] }] },
    });
  });

  afterEach(() => {
    centre.close();
  });

  const codeOf = async (promise: Promise<unknown>): Promise<string> =>
    promise.then(
      () => 'no error',
      (error: unknown) => (error instanceof KmcError ? error.code : String(error)),
    );

  it('is opened by the agent’s card alone, which then has the key that the gateway has', async () => {
    const info = await keyCentre().pushInfo(request());
    const header = codec.readHeader(info.gpi) ?? expect.fail('no GPI');
    const { ks } = cardOf(header);
    const run = { ks, rand: header.rand, impi };
    const gpi = codec.open(info.gpi, { key: gpiProtectionKey({ ...run, nafId: header.nafId }) });
    expect(gpi).to.deep.include({ mode: 'GBA_ME', ptid: 'p-tid', expiresAt: NOW + 60_000, nafId });
    expect(info.keys).to.deep.equal({ meKeyMaterial: deriveKsNaf({ ...run, nafId }) });
    expect(info.impi).to.equal(impi);
    // The key that the gateway has does not open it.
    expect(codec.open(info.gpi, { key: info.keys.meKeyMaterial })).to.equal(undefined);
  });

  it('has AUTN* and both keys for a card with GBA_U', async () => {
    const info = await keyCentre().pushInfo(request({ ueId: 'bob@home1.example', mode: 'GBA_U', gsids: [7] }));
    const header = codec.readHeader(info.gpi) ?? expect.fail('no GPI');
    expect(header.mode).to.equal('GBA_U');
    expect(verifyAutn(milenage, header.rand, header.autn), 'a card without GBA_U').to.equal(undefined);
    const { ik } = milenage.f2345(header.rand);
    const { ks } = cardOf({ rand: header.rand, autn: authenticationTokenStar(header.autn, ik) });
    const run = { ks, rand: header.rand, impi: 'bob@home1.example', nafId };
    expect(info.keys.meKeyMaterial).to.deep.equal(deriveKsNaf(run));
    expect(info.keys.uiccKeyMaterial).to.deep.equal(deriveKsIntNaf(run));
    expect(codec.open(info.gpi, { key: gpiProtectionKey(run) })?.ptid).to.equal('p-tid');
    expect(info.securitySettings).to.deep.equal([
      { gsid: 7, type: 7, uids: ['sip:bob@home1.example', impus[1]], flags: [1] },
    ]);
  });

  it('is another run with another key for each push', async () => {
    const keys = keyCentre();
    const [first, second] = [await keys.pushInfo(request()), await keys.pushInfo(request())];
    expect(codec.randOf(first.gpi)?.equals(codec.randOf(second.gpi) ?? Buffer.alloc(0))).to.equal(false);
    expect(first.keys.meKeyMaterial.equals(second.keys.meKeyMaterial)).to.equal(false);
  });

  it('is given for a public identity that one subscriber has, and for no other', async () => {
    const keys = keyCentre();
    expect((await keys.pushInfo(request({ ueId: impus[0] ?? '', ueIdType: 'public' }))).impi).to.equal(impi);
    for (const ueId of ['sip:nobody@home1.example', impus[1] ?? '']) {
      expect(await codeOf(keys.pushInfo(request({ ueId, ueIdType: 'public' }))), ueId).to.equal(
        'OSGATE_KMC_IDENTITY_UNKNOWN',
      );
    }
    expect(await codeOf(keys.pushInfo(request({ ueId: 'nobody@home1.example' })))).to.equal(
      'OSGATE_KMC_IDENTITY_UNKNOWN',
    );
  });

  it('lives as long as was asked for, and no longer than the subscriber’s keys may', async () => {
    const keys = keyCentre();
    clock.now = NOW + 999;
    expect((await keys.pushInfo(request({ requestedExpiresAt: NOW + 10_500 }))).expiresAt).to.equal(NOW + 10_000);
    const long = { requestedExpiresAt: NOW + 86_400_000 };
    // The settings of the one say 1,800 s, those of the other nothing.
    expect((await keys.pushInfo(request(long))).expiresAt).to.equal(NOW + 1_800_000);
    expect((await keys.pushInfo(request({ ...long, ueId: 'bob@home1.example' }))).expiresAt).to.equal(NOW + 3_600_000);
  });

  it('goes on from the card’s SQN after an AUTS, and refuses one that is wrong', async () => {
    const keys = keyCentre();
    const card = new SqnArray({ accepted: [0x123456789a9fn] });
    const refused = codec.readHeader((await keys.pushInfo(request())).gpi) ?? expect.fail('no GPI');
    expect(cardOf(refused, card).outcome).not.to.equal('accepted');
    const auts = buildAuts(milenage, refused.rand, card.sqnMs);
    const wrong = Buffer.from(auts);
    wrong[13] = (wrong[13] ?? 0) ^ 1;
    expect(await codeOf(keys.pushInfo(request({ resynchronisation: { rand: refused.rand, auts: wrong } })))).to.equal(
      'OSGATE_KMC_SYNCHRONISATION_FAILURE',
    );
    const again = await keys.pushInfo(request({ resynchronisation: { rand: refused.rand, auts } }));
    expect(cardOf(codec.readHeader(again.gpi) ?? expect.fail('no GPI'), card).outcome).to.equal('accepted');
  });

  it('is refused to a gateway without the right to push, with the FQDN or the settings of others, and for a card without GBA_U', async () => {
    const refused = [
      keyCentre({ push: false }).pushInfo(request()),
      keyCentre({ fqdns: ['other.example.com'] }).pushInfo(request()),
      keyCentre().pushInfo(request({ gsids: [8] })),
      keyCentre().pushInfo(request({ mode: 'GBA_U' })),
    ];
    for (const promise of refused) expect(await codeOf(promise)).to.equal('OSGATE_KMC_NOT_AUTHORISED');
  });

  it('does not tell the private identity to a gateway that may not know it', async () => {
    expect(await keyCentre({ revealImpi: false }).pushInfo(request())).not.to.have.property('impi');
  });

  it('is given to one subscriber only so often', async () => {
    const keys = keyCentre({}, 1);
    await keys.pushInfo(request());
    expect(await codeOf(keys.pushInfo(request()))).to.equal('OSGATE_KMC_OVERLOADED');
    expect(await codeOf(keys.pushInfo(request({ ueId: 'bob@home1.example' })))).to.equal('no error');
  });
});
