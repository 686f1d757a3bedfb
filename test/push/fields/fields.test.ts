import { expect } from 'chai';

import { KmcError, SqnArray } from '../../../kmc/index.ts';
import { MemoryStore } from '../../../lib/store/index.ts';
import {
  formatGpiEnvelope,
  formatPushContent,
  formatPushPackage,
  formatPushReceipt,
  GatewayAssociations,
  GpiCodecV1,
  parsePushLayerMessage,
  parsePushPackage,
  type GatewayAssociation,
} from '../../../push/index.ts';
import { TEST_SUBSCRIBER } from '../../kmc/subscribers/test-subscriber.ts';
import { PushAgent } from '../support/push-agent.ts';
import { NAF_ID, PushKeyCentre, TestCard } from '../support/push-key-centre.ts';
import { fieldTable, flippedBits, type Row } from './field-table.ts';

const NOW = Date.UTC(2027, 0, 1);
const LABEL = Buffer.from('a0000087', 'hex');
const PTID = 'A'.repeat(22);
const CONTENT = {
  id: 'c29tZXRoaW5n',
  type: 'text/plain',
  content: Buffer.from('where are you?'),
  deliverBefore: NOW + 60_000,
};

/** Has the USIM and one other application. */
class CardWithApplication extends TestCard {
  override hasApplication(label: Buffer): boolean {
    return label.length === 0 || label.equals(LABEL);
  }
}

/** Gateway and key centre, and agents as they are before they hear of the gateway for the first time. */
class World {
  readonly clock = { now: NOW };
  readonly centre = new PushKeyCentre(this.clock);
  readonly associations = new GatewayAssociations({
    store: new MemoryStore<GatewayAssociation>({ now: () => NOW }),
    now: () => NOW,
  });

  agent(array?: SqnArray): PushAgent {
    return new PushAgent(this.clock, { card: new CardWithApplication(TEST_SUBSCRIBER, array) });
  }

  /** A package with a new GPI and a message under its NAF SA. */
  async push(): Promise<{ octets: Buffer; gpi: Buffer; message: Buffer }> {
    const info = await this.centre.keyCentre().pushInfo(this.centre.request({ applicationLabel: LABEL, ptid: PTID }));
    const { gpi, keys, expiresAt } = info;
    await this.associations.add({
      ptid: PTID,
      rand: new GpiCodecV1().randOf(gpi) ?? expect.fail('no GPI'),
      nafId: { fqdn: NAF_ID.fqdn, protocol: NAF_ID.protocol.hex },
      mode: 'GBA_ME',
      nafKey: keys.meKeyMaterial,
      createdAt: NOW,
      expiresAt,
      nextToSend: 1,
      highestReceived: 0,
      subscriber: TEST_SUBSCRIBER.impi,
    });
    const message = (await this.associations.seal(PTID, formatPushContent(CONTENT))) ?? expect.fail('not sealed');
    const envelope = formatGpiEnvelope({ sessionId: 0x1234, gpi });
    return { octets: formatPushPackage({ envelope, message }), gpi, message };
  }

  /** What the gateway makes of a package of an agent. */
  async uplink(octets: Buffer): Promise<string> {
    const packed = parsePushPackage(octets)?.message;
    const message = packed === undefined ? undefined : parsePushLayerMessage(packed);
    if (message === undefined) return 'malformed';
    const opening = await this.associations.open(message);
    return opening.ok ? 'opened' : opening.failure;
  }
}

/** The fields of a unit of a push package (docs/gpi.md). */
function unitRows(what: string): Row[] {
  return [
    [`package: type of the unit with ${what}`, 1, 'malformed'],
    [`package: length of the unit with ${what}`, 2, 'malformed'],
  ];
}

/** The fields of a message of the push layer whose text has so many octets. */
function layerRows(direction: 'downlink' | 'uplink', text: number): Row[] {
  const name: Row[] =
    direction === 'downlink'
      ? [
          ['push layer: FQDN of the gateway', NAF_ID.fqdn.length, 'unknown-association'],
          ['push layer: RAND', 16, 'unknown-association'],
        ]
      : [['push layer: P-TID', PTID.length, 'unknown-association']];
  return [
    ['push layer: version', 1, 'malformed'],
    ['push layer: cipher suite', 1, 'malformed', 'forged'],
    // The other direction has another name, and other keys.
    ['push layer: direction', 1, 'malformed', 'other-association'],
    ['push layer: length of the name', 1, 'malformed', 'unknown-association'],
    ...name,
    ['push layer: sequence number', 4, 'forged'],
    ['push layer: encrypted text', text, 'forged'],
    ['push layer: tag', 16, 'forged'],
  ];
}

const TEXT_OCTETS = formatPushContent(CONTENT).length;
const RECEIPT_OCTETS = formatPushReceipt({ id: CONTENT.id, outcome: 'delivered' }).length;

const DOWNLINK: readonly Row[] = [
  ...unitRows('the envelope'),
  ['envelope: version', 1, 'malformed'],
  ['envelope: session identifier', 2],
  ['GPI: version', 1, 'malformed'],
  ['GPI: mode', 1, 'malformed', 'no-gba-u'],
  ['GPI: RAND', 16, 'mac-failure'],
  ['GPI: AUTN', 16, 'mac-failure'],
  ['GPI: length of the application label', 1, 'malformed'],
  ['GPI: application label', LABEL.length, 'no-application'],
  ['GPI: length of the FQDN', 1, 'malformed', 'forged'],
  ['GPI: FQDN', NAF_ID.fqdn.length, 'malformed', 'forged'],
  ['GPI: Ua security protocol identifier', 5, 'forged', 'malformed'],
  ['GPI: when the key ends (encrypted)', 4, 'forged'],
  ['GPI: P-TID (encrypted)', PTID.length, 'forged'],
  ['GPI: tag', 16, 'forged'],
  ...unitRows('the message'),
  ...layerRows('downlink', TEXT_OCTETS),
];

const UPLINK: readonly Row[] = [...unitRows('the receipt'), ...layerRows('uplink', RECEIPT_OCTETS)];

/** docs/gpi.md says why it does no harm. */
const UNPROTECTED = 'envelope: session identifier';

describe('every field of a push, flipped bit by bit', function () {
  this.timeout(60_000);
  let world: World;

  beforeEach(() => {
    world = new World();
  });

  afterEach(() => {
    world.centre.close();
  });

  for (const [index, [name]] of DOWNLINK.entries()) {
    if (name === UNPROTECTED) continue;
    it(`to the agent, ${name}: refused`, async () => {
      const { octets } = await world.push();
      const field = fieldTable(octets, DOWNLINK)[index] ?? expect.fail('no such field');
      const seen = new Set<string>();
      for (const [place, flipped] of flippedBits(octets, field)) {
        const agent = world.agent();
        const { reception, reply } = await agent.receiver.receive(flipped);
        const reason = reception.outcome === 'ignored' ? reception.reason : reception.outcome;
        expect(field.reasons, place).to.include(reason);
        expect([agent.got, reply], place).to.deep.equal([[], undefined]);
        seen.add(reason);
      }
      expect([...seen].sort(), 'reasons').to.deep.equal([...field.reasons].sort());
      const { reception } = await world.agent().receiver.receive(octets);
      expect(reception.outcome, 'as it was sent').to.equal('delivered');
    });
  }

  it(`to the agent, ${UNPROTECTED}: not protected, and without effect`, async () => {
    const { octets } = await world.push();
    const field = fieldTable(octets, DOWNLINK).find(({ name }) => name === UNPROTECTED) ?? expect.fail('no such field');
    const unchanged = await received(world.agent(), octets);
    expect(unchanged.got).to.have.length(1);
    for (const [place, flipped] of flippedBits(octets, field)) {
      expect(await received(world.agent(), flipped), place).to.deep.equal(unchanged);
    }
  });

  for (const [index, [name]] of UPLINK.entries()) {
    it(`to the gateway, ${name}: refused`, async () => {
      const { octets } = await world.push();
      const { reply } = await world.agent().receiver.receive(octets);
      const receipt = reply ?? expect.fail('no receipt');
      const field = fieldTable(receipt, UPLINK)[index] ?? expect.fail('no such field');
      const seen = new Set<string>();
      for (const [place, flipped] of flippedBits(receipt, field)) {
        const verdict = await world.uplink(flipped);
        expect(field.reasons, place).to.include(verdict);
        seen.add(verdict);
      }
      expect([...seen].sort(), 'reasons').to.deep.equal([...field.reasons].sort());
      expect(await world.uplink(receipt), 'as it was sent').to.equal('opened');
    });
  }

  for (const name of ['RAND', 'AUTS'] as const) {
    it(`to the gateway, resynchronisation: ${name}: refused by the key centre`, async () => {
      const { octets } = await world.push();
      const { reply } = await world.agent(new SqnArray({ accepted: [0x123456789a9fn] })).receiver.receive(octets);
      const whole = reply ?? expect.fail('no reply');
      const table = fieldTable(whole, [
        ['type', 1],
        ['length', 2],
        ['RAND', 16],
        ['AUTS', 14],
      ]);
      const [type, length, ...parts] = table;
      for (const field of [type, length]) {
        for (const [place, flipped] of flippedBits(whole, field ?? expect.fail('no such field'))) {
          expect(parsePushPackage(flipped)?.resynchronisation, place).to.equal(undefined);
        }
      }
      const field = parts.find((candidate) => candidate.name === name) ?? expect.fail('no such field');
      const keyCentre = world.centre.keyCentre({}, 1000);
      const resynchronise = async (package_: Buffer): Promise<string> =>
        keyCentre
          .pushInfo(
            world.centre.request({ resynchronisation: parsePushPackage(package_)?.resynchronisation ?? expect.fail() }),
          )
          .then(
            () => 'resynchronised',
            (error: unknown) => (error instanceof KmcError ? error.code : String(error)),
          );
      for (const [place, flipped] of flippedBits(whole, field)) {
        expect(await resynchronise(flipped), place).to.equal('OSGATE_KMC_SYNCHRONISATION_FAILURE');
      }
      expect(await resynchronise(whole), 'as it was sent').to.equal('resynchronised');
    });
  }
});

async function received(agent: PushAgent, octets: Buffer) {
  const { reception, reply } = await agent.receiver.receive(octets);
  return { reception, reply, got: agent.got };
}
