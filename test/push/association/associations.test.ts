import { expect } from 'chai';

import { MemoryStore } from '../../../lib/store/index.ts';
import {
  AgentAssociations,
  GatewayAssociations,
  parsePushLayerMessage,
  type GatewayAssociation,
  type NafSecurityAssociation,
  type PushLayerMessage,
} from '../../../push/index.ts';

const START = Date.UTC(2027, 0, 1);
const TEXT = Buffer.from('where are you?');
const SHARED: NafSecurityAssociation = {
  ptid: 'p-tid',
  rand: Buffer.alloc(16, 2),
  nafId: { fqdn: 'osg.example.com', protocol: '0100000005' },
  mode: 'GBA_ME',
  nafKey: Buffer.alloc(32, 3),
  createdAt: START,
  expiresAt: START + 60_000,
  nextToSend: 1,
  highestReceived: 0,
};

function setUp() {
  const clock = { now: START };
  const now = (): number => clock.now;
  const agentStore = new MemoryStore<NafSecurityAssociation>({ now });
  const gatewayStore = new MemoryStore<GatewayAssociation>({ now });
  return {
    clock,
    agentStore,
    gatewayStore,
    agent: new AgentAssociations({ store: agentStore, now }),
    gateway: new GatewayAssociations({ store: gatewayStore, now }),
  };
}

function parsed(octets: Buffer | undefined): PushLayerMessage {
  return parsePushLayerMessage(octets ?? Buffer.alloc(0)) ?? expect.fail('no message of the push layer');
}

async function established() {
  const parts = setUp();
  await parts.agent.add(SHARED);
  await parts.gateway.add({ ...SHARED, subscriber: 'sip:alice@example.com' });
  return parts;
}

describe('NAF SAs', () => {
  it('carry messages both ways, each opened once', async () => {
    const { agent, gateway } = await established();
    const down = parsed(await gateway.seal('p-tid', TEXT));
    expect(await agent.open(down)).to.deep.equal({ ok: true, text: TEXT, sequenceNumber: 1 });
    expect(await agent.open(down)).to.deep.equal({ ok: false, failure: 'replayed' });
    const up = parsed(await agent.seal(SHARED.rand, SHARED.nafId.fqdn, TEXT));
    const opening = await gateway.open(up);
    expect(opening).to.deep.include({ ok: true, text: TEXT, sequenceNumber: 1 });
    expect(opening.ok && opening.association.subscriber).to.equal('sip:alice@example.com');
    expect(await gateway.open(up)).to.deep.equal({ ok: false, failure: 'replayed' });
    expect(await agent.open(up)).to.deep.equal({ ok: false, failure: 'other-association' });
    expect(await gateway.open(down)).to.deep.equal({ ok: false, failure: 'other-association' });
  });

  it('go on with their numbers after a restart', async () => {
    const { agent, agentStore, gateway, gatewayStore, clock } = await established();
    const now = (): number => clock.now;
    const first = parsed(await gateway.seal('p-tid', TEXT));
    await agent.open(first);
    const agentAgain = new AgentAssociations({ store: agentStore, now });
    const gatewayAgain = new GatewayAssociations({ store: gatewayStore, now });
    expect(await agentAgain.open(first)).to.deep.equal({ ok: false, failure: 'replayed' });
    expect(await agentAgain.open(parsed(await gatewayAgain.seal('p-tid', TEXT)))).to.deep.include({
      ok: true,
      sequenceNumber: 2,
    });
  });

  it('never give one number to two messages that are sealed at once', async () => {
    const { gateway } = await established();
    const sealed = await Promise.all(Array.from({ length: 20 }, () => gateway.seal('p-tid', TEXT)));
    const numbers = sealed.map((octets) => parsed(octets).sequenceNumber);
    expect(new Set(numbers)).to.have.property('size', 20);
  });

  it('open a message once when its copies come at once', async () => {
    const { agent, gateway } = await established();
    const message = parsed(await gateway.seal('p-tid', TEXT));
    const openings = await Promise.all([agent.open(message), agent.open(message), agent.open(message)]);
    expect(openings.map(({ ok }) => ok)).to.deep.equal([true, false, false]);
  });

  it('end when their key does', async () => {
    const { agent, gateway, clock } = await established();
    const message = parsed(await gateway.seal('p-tid', TEXT));
    clock.now = SHARED.expiresAt;
    expect(await agent.open(message)).to.deep.equal({ ok: false, failure: 'unknown-association' });
    expect(await gateway.seal('p-tid', TEXT)).to.equal(undefined);
    expect(await agent.seal(SHARED.rand, SHARED.nafId.fqdn, TEXT)).to.equal(undefined);
    expect(await gateway.find('p-tid')).to.equal(undefined);
  });

  it('do not take the place of a live one with the same RAND or P-TID, and do of a dead one', async () => {
    const { agent, gateway, clock } = await established();
    const other = { ...SHARED, nafKey: Buffer.alloc(32, 4) };
    expect(await agent.add(other)).to.equal(false);
    expect(await gateway.add({ ...other, subscriber: 'sip:bob@example.com' })).to.equal(false);
    expect((await agent.find(SHARED.rand, SHARED.nafId.fqdn))?.nafKey).to.deep.equal(SHARED.nafKey);
    clock.now = SHARED.expiresAt;
    const later = { ...other, expiresAt: clock.now + 1000 };
    expect(await agent.add(later)).to.equal(true);
    expect(await gateway.add({ ...later, subscriber: 'sip:bob@example.com' })).to.equal(true);
  });

  it('are gone once the gateway removes them', async () => {
    const { gateway } = await established();
    await gateway.remove('p-tid');
    expect(await gateway.seal('p-tid', TEXT)).to.equal(undefined);
  });
});
