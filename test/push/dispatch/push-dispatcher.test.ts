import { expect } from 'chai';

import { KmcError, SqnArray, type KeyCentre } from '../../../kmc/index.ts';
import { MemoryStore } from '../../../lib/store/index.ts';
import {
  GatewayAssociations,
  GpiCodecV1,
  parsePushPackage,
  PushDispatcher,
  SqlitePushQueue,
  type Carrier,
  type CarrierFailure,
  type CarrierResult,
  type Delivery,
  type DispatchSettings,
  type GatewayAssociation,
  type PushMessage,
  type PushStatus,
} from '../../../push/index.ts';
import { TEST_SUBSCRIBER } from '../../kmc/subscribers/test-subscriber.ts';
import { PushAgent } from '../support/push-agent.ts';
import { NAF_ID, PushKeyCentre, TestCard } from '../support/push-key-centre.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const START = Date.UTC(2027, 0, 1);
const SETTINGS: DispatchSettings = {
  concurrency: 10,
  receiptTimeoutMilliseconds: 5000,
  initialRetryMilliseconds: 1000,
  maximumRetryMilliseconds: 60_000,
  keyLifetimeSeconds: 600,
  minimumKeyRestMilliseconds: 10_000,
};

/** Carries as a script says; what comes next when it is over is 'answered'. */
class ScriptedCarrier implements Carrier {
  readonly deliveries: Delivery[] = [];
  readonly name: string;
  reaches = true;
  readonly #agent: PushAgent;
  readonly #script: ((delivery: Delivery) => Promise<CarrierResult>)[] = [];

  constructor(agent: PushAgent, name = 'test') {
    this.#agent = agent;
    this.name = name;
  }

  then(...steps: ((delivery: Delivery) => Promise<CarrierResult>)[]): this {
    this.#script.push(...steps);
    return this;
  }

  canReach(): boolean {
    return this.reaches;
  }

  async deliver(delivery: Delivery): Promise<CarrierResult> {
    this.deliveries.push(delivery);
    return (this.#script.shift() ?? ((next) => this.answered(next)))(delivery);
  }

  /** The agent gets it and its reply comes back. */
  async answered({ octets }: Delivery): Promise<CarrierResult> {
    const { reply } = await this.#agent.receiver.receive(octets);
    return reply === undefined ? { outcome: 'answered' } : { outcome: 'answered', reply };
  }

  async close(): Promise<void> {
    // Nothing is open.
  }
}

const failing =
  (reason: string, more: { retryAfterMilliseconds?: number } = {}) =>
  (): Promise<CarrierResult> =>
    Promise.resolve({ outcome: 'failed', temporary: true, reason, ...more });

describe('PushDispatcher', () => {
  const closing: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });

  function setUp({
    card = new TestCard(),
    keyCentre,
  }: { card?: TestCard; keyCentre?: Pick<KeyCentre, 'pushInfo'> } = {}) {
    const clock = new VirtualClock(START);
    const time = {
      get now() {
        return clock.now();
      },
    };
    const now = (): number => clock.now();
    const centre = new PushKeyCentre(time);
    const agent = new PushAgent(time, { card });
    const carrier = new ScriptedCarrier(agent);
    const second = new ScriptedCarrier(agent, 'second');
    const queue = SqlitePushQueue.open({
      path: ':memory:',
      maximumPushes: 1000,
      maximumPushesOfSubscriber: 100,
      maximumPushesOfInitiator: () => undefined,
      retentionMilliseconds: 3_600_000,
      now,
    });
    const reasons: string[] = [];
    const dispatcher = new PushDispatcher({
      queue,
      keyCentre: keyCentre ?? centre.keyCentre(),
      codec: new GpiCodecV1(),
      nafId: NAF_ID,
      carriers: [carrier, second],
      associations: new GatewayAssociations({ store: new MemoryStore<GatewayAssociation>({ now }), now }),
      settings: SETTINGS,
      clock,
      random: () => 1,
      onAttempt: (_push, outcome) => {
        reasons.push('reason' in outcome ? outcome.reason : outcome.outcome);
      },
    });
    dispatcher.start();
    closing.push(async () => {
      const stopped = dispatcher.stop(0);
      await clock.advance(1);
      await stopped;
      await queue.close();
      centre.close();
    });
    let number = 0;
    const accept = async (changes: Partial<PushMessage> = {}): Promise<string> => {
      const id = `push-${++number}`;
      await queue.accept({
        id,
        initiator: 'weather',
        recipient: { type: 'impi', value: TEST_SUBSCRIBER.impi },
        contentType: 'text/plain',
        content: Buffer.from(id),
        priority: 'medium',
        acceptedAt: clock.now(),
        deliverBefore: clock.now() + 120_000,
        ...changes,
      });
      dispatcher.wake();
      return id;
    };
    const status = async (id: string): Promise<PushStatus> =>
      (await queue.status('weather', id)) ?? expect.fail('no such push');
    const got = (): string[] => agent.got.map(({ content }) => content.toString());
    return { clock, agent, carrier, second, queue, dispatcher, reasons, accept, status, got };
  }

  const isNew = ({ octets }: Delivery): boolean => parsePushPackage(octets)?.envelope !== undefined;

  it('delivers to an agent that never bootstrapped, and then under the keys that it has', async () => {
    const { clock, carrier, accept, status, got } = setUp();
    const [first, second] = [await accept(), await accept()];
    await clock.advance(0);
    expect(got()).to.deep.equal([first, second]);
    expect(carrier.deliveries.map(isNew)).to.deep.equal([true, false]);
    expect(await status(second)).to.deep.include({ state: 'delivered', attempts: 1 });
    const sent = Buffer.concat(carrier.deliveries.map(({ octets }) => octets));
    expect(sent.includes('push-1'), 'content in the clear').to.equal(false);
  });

  it('tries the next carrier when one fails, and again later when all do', async () => {
    const { clock, carrier, second, accept, status, got } = setUp();
    carrier.then(failing('no-flow'), failing('no-flow'));
    second.then(failing('sip-480'));
    const id = await accept();
    await clock.advance(0);
    expect(await status(id)).to.deep.include({ state: 'delivering', attempts: 1, reason: 'sip-480' });
    await clock.advance(999);
    expect(carrier.deliveries).to.have.length(1);
    await clock.advance(1);
    expect([carrier.deliveries.length, second.deliveries.length]).to.deep.equal([2, 2]);
    expect(got()).to.deep.equal([id]);
    expect((await status(id)).state).to.equal('delivered');
  });

  it('overlooks no push whose time comes while the queue is asked for the next one', async () => {
    const { clock, carrier, second, queue, accept, got } = setUp();
    carrier.then(failing('busy'));
    second.then(failing('busy'));
    const nextDue = queue.nextDue.bind(queue);
    queue.nextDue = async () => {
      const next = await nextDue();
      if (next !== undefined && next > clock.now()) clock.pass(next - clock.now());
      return next;
    };
    const id = await accept();
    await clock.advance(5000);
    expect(got()).to.deep.equal([id]);
  });

  it('does not wait for an agent of which its carrier hears that it will not have the package', async () => {
    const { clock, carrier, second, accept, status } = setUp();
    let undelivered: (failure: CarrierFailure) => void = () => undefined;
    const heard = new Promise<CarrierFailure>((resolve) => (undelivered = resolve));
    carrier.then(() => Promise.resolve({ outcome: 'sent', undelivered: heard }));
    const id = await accept();
    await clock.advance(10);
    expect([carrier.deliveries.length, second.deliveries.length]).to.deep.equal([1, 0]);
    undelivered({ outcome: 'failed', temporary: true, reason: 'smpp-undelivered' });
    await clock.advance(0);
    expect(second.deliveries).to.have.length(1);
    expect(await status(id)).to.deep.include({ state: 'delivered' });
  });

  it('waits longer with each attempt, and as long as a carrier says', async () => {
    const { clock, carrier, second, accept } = setUp();
    second.reaches = false;
    carrier.then(failing('busy'), failing('busy'), failing('busy', { retryAfterMilliseconds: 30_000 }));
    await accept();
    const counts: number[] = [];
    for (const wait of [0, 1000, 2000, 29_999, 1]) {
      await clock.advance(wait);
      counts.push(carrier.deliveries.length);
    }
    expect(counts).to.deep.equal([1, 2, 3, 3, 4]);
  });

  it('does not take silence for delivery: makes new keys, and the application still gets it once', async () => {
    const { clock, carrier, accept, status, got, agent } = setUp();
    // The agent gets it, and its answer is lost.
    carrier.then(async (delivery) => {
      await agent.receiver.receive(delivery.octets);
      return { outcome: 'sent' };
    });
    const id = await accept();
    await clock.advance(4999);
    expect((await status(id)).state).to.equal('delivering');
    await clock.advance(1);
    expect((await status(id)).reason).to.equal('no-receipt');
    await clock.advance(1000);
    expect(carrier.deliveries.map(isNew)).to.deep.equal([true, true]);
    expect((await status(id)).state).to.equal('delivered');
    expect(got(), 'duplicates').to.deep.equal([id]);
  });

  it('takes a receipt that comes by the uplink, also after the push was put off', async () => {
    const { clock, carrier, accept, status, agent, dispatcher } = setUp();
    const replies: Buffer[] = [];
    const silent = async (delivery: Delivery): Promise<CarrierResult> => {
      replies.push((await agent.receiver.receive(delivery.octets)).reply ?? expect.fail('no reply'));
      return { outcome: 'sent' };
    };
    carrier.then(silent);
    const soon = await accept();
    await clock.advance(100);
    dispatcher.uplink(replies[0] ?? Buffer.alloc(0));
    await clock.advance(0);
    expect((await status(soon)).state).to.equal('delivered');
    // Its NAF SA is confirmed, so the next one is sent under it, and is late.
    carrier.then(silent, failing('no-flow'));
    const late = await accept();
    await clock.advance(5000);
    expect((await status(late)).reason).to.equal('no-receipt');
    dispatcher.uplink(replies[1] ?? Buffer.alloc(0));
    await clock.advance(10_000);
    expect((await status(late)).state).to.equal('delivered');
    expect(carrier.deliveries, 'no other attempt').to.have.length(2);
  });

  it('resynchronises by itself with an agent whose card is ahead', async () => {
    const card = new TestCard(TEST_SUBSCRIBER, new SqnArray({ accepted: [0x123456789a9fn] }));
    const { clock, carrier, accept, status, got } = setUp({ card });
    const id = await accept();
    await clock.advance(0);
    expect(got()).to.deep.equal([id]);
    expect(carrier.deliveries.map(isNew)).to.deep.equal([true, true]);
    expect(await status(id)).to.deep.include({ state: 'delivered', attempts: 1 });
  });

  it('makes new keys for an agent that has lost its own', async () => {
    const { clock, carrier, agent, accept, status } = setUp();
    await accept();
    await clock.advance(0);
    const fresh = new PushAgent({ now: START }, { card: agent.card });
    const lost = async ({ octets }: Delivery): Promise<CarrierResult> => {
      const { reply } = await fresh.receiver.receive(octets);
      return reply === undefined ? { outcome: 'answered' } : { outcome: 'answered', reply };
    };
    carrier.then(lost, lost);
    const id = await accept();
    await clock.advance(6000);
    expect(carrier.deliveries.map(isNew)).to.deep.equal([true, false, true]);
    expect((await status(id)).state).to.equal('delivered');
    expect(fresh.got).to.have.length(1);
  });

  it('does not contact the agent when the key centre does not know it, or does not let the gateway push', async () => {
    const { clock, carrier, accept, status } = setUp();
    const unknown = await accept({ recipient: { type: 'impi', value: 'nobody@home1.example' } });
    await clock.advance(0);
    expect(await status(unknown)).to.deep.include({
      state: 'undeliverable',
      reason: 'subscriber-unknown',
      attempts: 0,
    });
    expect(carrier.deliveries).to.deep.equal([]);
    const refusing = { pushInfo: () => Promise.reject(new KmcError('OSGATE_KMC_NOT_AUTHORISED', 'no')) };
    const other = setUp({ keyCentre: refusing });
    const refused = await other.accept();
    await other.clock.advance(0);
    expect(await other.status(refused)).to.deep.include({ state: 'undeliverable', reason: 'push-not-authorised' });
    expect(other.carrier.deliveries).to.deep.equal([]);
  });

  it('tries again when the key centre does not answer', async () => {
    const down = { pushInfo: () => Promise.reject(new KmcError('OSGATE_KMC_UNAVAILABLE', 'down')) };
    const { clock, accept, status } = setUp({ keyCentre: down });
    const id = await accept();
    await clock.advance(0);
    expect(await status(id)).to.deep.include({ state: 'accepted', reason: 'key-centre-unavailable', attempts: 0 });
  });

  it('gives up a push that the agent’s application refuses, and tries again one that failed in it', async () => {
    const { clock, agent, accept, status } = setUp();
    agent.answer = () => 'refused';
    const refused = await accept();
    await clock.advance(0);
    expect(await status(refused)).to.deep.include({ state: 'undeliverable', reason: 'refused-by-agent' });
    agent.answer = () => 'failed';
    const failed = await accept();
    await clock.advance(0);
    expect(await status(failed)).to.deep.include({ state: 'delivering', reason: 'failed-in-agent' });
    agent.answer = () => 'delivered';
    await clock.advance(1000);
    expect((await status(failed)).state).to.equal('delivered');
  });

  it('ends what nobody could be reached for in time', async () => {
    const { clock, carrier, second, accept, status } = setUp();
    carrier.reaches = second.reaches = false;
    const id = await accept({ deliverBefore: START + 3000 });
    await clock.advance(2999);
    expect(await status(id)).to.deep.include({ state: 'accepted', reason: 'no-carrier' });
    await clock.advance(1);
    expect((await status(id)).state).to.equal('expired');
  });

  it('waits for what is under way when it stops, and takes nothing more', async () => {
    const { clock, carrier, accept, status, dispatcher, agent } = setUp();
    let release = (): void => undefined;
    carrier.then(async (delivery) => {
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      const { reply } = await agent.receiver.receive(delivery.octets);
      return { outcome: 'answered', reply: reply ?? Buffer.alloc(0) };
    });
    const [first, second] = [await accept(), await accept()];
    await clock.advance(0);
    const stopped = dispatcher.stop(10_000);
    release();
    await clock.advance(1);
    await stopped;
    expect([(await status(first)).state, (await status(second)).state]).to.deep.equal(['delivered', 'accepted']);
  });

  it('ignores and counts what strangers send by the uplink', async () => {
    const { clock, dispatcher } = setUp();
    for (const octets of ['', '00', '01000100', '02000101', `03001e${'00'.repeat(30)}`]) {
      dispatcher.uplink(Buffer.from(octets, 'hex'));
    }
    await clock.advance(0);
    expect(dispatcher.counters.uplinkIgnored).to.be.at.least(3);
  });

  it('lesson 29: keeps nothing of pushes that have ended', async () => {
    const { clock, accept, queue, got } = setUp();
    for (let round = 0; round < 20; round++) {
      for (let count = 0; count < 10; count++) await accept();
      await clock.advance(0);
    }
    expect(got()).to.have.length(200);
    expect(await queue.size()).to.equal(0);
    expect(await queue.take(10)).to.deep.equal([]);
  });
});
