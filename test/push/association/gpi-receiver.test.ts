import { expect } from 'chai';

import { SqnArray } from '../../../kmc/index.ts';
import { MemoryStore } from '../../../lib/store/index.ts';
import {
  AgentAssociations,
  GpiCodecV1,
  GpiReceiver,
  type GpiOutcome,
  type NafSecurityAssociation,
} from '../../../push/index.ts';
import { TEST_SUBSCRIBER } from '../../kmc/subscribers/test-subscriber.ts';
import { NAF_ID, PushKeyCentre, TestCard } from '../support/push-key-centre.ts';

const START = Date.UTC(2027, 0, 1);

function setUp({ card = new TestCard(), acceptsNaf = (fqdn: string) => fqdn === NAF_ID.fqdn } = {}) {
  const clock = { now: START };
  const now = (): number => clock.now;
  const centre = new PushKeyCentre(clock);
  const store = new MemoryStore<NafSecurityAssociation>({ now });
  const associations = new AgentAssociations({ store, now });
  const receiver = new GpiReceiver({
    codec: new GpiCodecV1(),
    uicc: card,
    associations,
    impi: TEST_SUBSCRIBER.impi,
    acceptsNaf,
    now,
  });
  return { clock, centre, store, associations, receiver, card, keyCentre: centre.keyCentre() };
}

function reasonOf(outcome: GpiOutcome): string {
  return outcome.outcome === 'refused' ? outcome.reason : outcome.outcome;
}

describe('GpiReceiver', () => {
  it('makes the NAF SA that the gateway has', async () => {
    const { centre, keyCentre, receiver, associations } = setUp();
    const info = await keyCentre.pushInfo(centre.request());
    const outcome = await receiver.receive(info.gpi);
    if (outcome.outcome !== 'accepted') expect.fail(reasonOf(outcome));
    expect(outcome.association).to.deep.include({
      ptid: 'p-tid',
      nafId: { fqdn: NAF_ID.fqdn, protocol: NAF_ID.protocol.hex },
      nafKey: info.keys.meKeyMaterial,
      expiresAt: info.expiresAt,
    });
    expect(await associations.find(outcome.association.rand, NAF_ID.fqdn)).to.deep.equal(outcome.association);
    centre.close();
  });

  it('refuses a GPI that was here before, without asking the card again', async () => {
    const { centre, keyCentre, receiver, card } = setUp();
    const { gpi } = await keyCentre.pushInfo(centre.request());
    expect(reasonOf(await receiver.receive(gpi))).to.equal('accepted');
    expect(reasonOf(await receiver.receive(gpi))).to.equal('duplicate-rand');
    expect(card.asked).to.equal(1);
    centre.close();
  });

  it('refuses a GPI of a NAF SA that has ended: its SQN is used up', async () => {
    const { clock, centre, keyCentre, receiver } = setUp();
    const { gpi } = await keyCentre.pushInfo(centre.request());
    expect(reasonOf(await receiver.receive(gpi))).to.equal('accepted');
    clock.now += 60_001;
    expect(reasonOf(await receiver.receive(gpi))).to.equal('synchronisation-failure');
    centre.close();
  });

  it('accepts one of two copies that come at once', async () => {
    const { centre, keyCentre, receiver, store } = setUp();
    const { gpi } = await keyCentre.pushInfo(centre.request());
    const outcomes = await Promise.all([receiver.receive(gpi), receiver.receive(gpi)]);
    expect(outcomes.map(reasonOf)).to.deep.equal(['accepted', 'duplicate-rand']);
    expect(await store.size()).to.equal(1);
    centre.close();
  });

  it('refuses a forged AUTN with no trace', async () => {
    const { centre, keyCentre, receiver, store } = setUp();
    const { gpi } = await keyCentre.pushInfo(centre.request());
    const forged = Buffer.from(gpi);
    forged[33] = (forged[33] ?? 0) ^ 1;
    expect(reasonOf(await receiver.receive(forged))).to.equal('mac-failure');
    expect(await store.size()).to.equal(0);
    // The card has not counted it.
    expect(reasonOf(await receiver.receive(gpi))).to.equal('accepted');
    centre.close();
  });

  it('refuses a GPI with any other octet changed, and keeps nothing of it', async () => {
    const { centre, keyCentre, receiver, store } = setUp();
    const { length } = (await keyCentre.pushInfo(centre.request())).gpi;
    for (let index = 0; index < length; index++) {
      const { gpi } = await keyCentre.pushInfo(centre.request({ ptid: `p${index}`.padEnd(5, '.') }));
      gpi[index] = (gpi[index] ?? 0) ^ 0x40;
      expect(reasonOf(await receiver.receive(gpi)), `octet ${index}`).to.be.oneOf([
        'malformed',
        'no-application',
        'no-gba-u',
        'mac-failure',
        'forged',
      ]);
    }
    expect(await store.size()).to.equal(0);
    centre.close();
  });

  it('gives RAND and AUTS of a stale SQN, with which the key centre makes one that is accepted', async () => {
    const ahead = new SqnArray({ accepted: [0x123456789a9fn] });
    const { centre, keyCentre, receiver } = setUp({ card: new TestCard(TEST_SUBSCRIBER, ahead) });
    const outcome = await receiver.receive((await keyCentre.pushInfo(centre.request())).gpi);
    if (outcome.outcome !== 'synchronisation-failure') expect.fail(reasonOf(outcome));
    const { rand, auts } = outcome;
    const again = await keyCentre.pushInfo(centre.request({ resynchronisation: { rand, auts } }));
    expect(reasonOf(await receiver.receive(again.gpi))).to.equal('accepted');
    centre.close();
  });

  it('refuses one that has ended on the way', async () => {
    const { clock, centre, keyCentre, receiver } = setUp();
    const { gpi } = await keyCentre.pushInfo(centre.request());
    clock.now += 60_000;
    expect(reasonOf(await receiver.receive(gpi))).to.equal('expired');
    centre.close();
  });

  it('refuses one of a gateway that it does not take pushes from', async () => {
    const { centre, keyCentre, receiver } = setUp({ acceptsNaf: () => false });
    expect(reasonOf(await receiver.receive((await keyCentre.pushInfo(centre.request())).gpi))).to.equal(
      'naf-not-accepted',
    );
    centre.close();
  });

  it('refuses one for another application of the card, or for keys in the card, without asking it', async () => {
    const { centre, keyCentre, receiver, card } = setUp();
    centre.database.add({
      ...TEST_SUBSCRIBER,
      impi: 'u@home1.example',
      settings: { bsfInfo: { uiccType: 'GBA_U' }, ussList: [] },
    });
    const label = await keyCentre.pushInfo(centre.request({ applicationLabel: Buffer.of(1) }));
    const inCard = await keyCentre.pushInfo(centre.request({ ueId: 'u@home1.example', mode: 'GBA_U' }));
    expect(reasonOf(await receiver.receive(label.gpi))).to.equal('no-application');
    expect(reasonOf(await receiver.receive(inCard.gpi))).to.equal('no-gba-u');
    expect(card.asked).to.equal(0);
    centre.close();
  });

  it('refuses one for another subscriber', async () => {
    const { centre, keyCentre, receiver } = setUp();
    centre.database.add({ ...TEST_SUBSCRIBER, impi: 'bob@home1.example', k: Buffer.alloc(16, 9) });
    const { gpi } = await keyCentre.pushInfo(centre.request({ ueId: 'bob@home1.example' }));
    expect(reasonOf(await receiver.receive(gpi))).to.equal('mac-failure');
    centre.close();
  });
});
