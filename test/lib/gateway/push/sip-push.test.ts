import { expect } from 'chai';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { SqnArray } from '../../../../kmc/index.ts';
import { PUSH_PACKAGE_CONTENT_TYPE } from '../../../../push/index.ts';
import { freePort } from '../../../../scenarios/support/free-port.ts';
import { SipPeer } from '../../../../scenarios/support/sip-peer.ts';
import { runSipp } from '../../../../scenarios/support/sipp.ts';
import { SipRequest } from '../../../../sip/index.ts';
import { PushAgent } from '../../../push/support/push-agent.ts';
import { TestCard } from '../../../push/support/push-key-centre.ts';
import { registeredDtlsAgent, registeredPeer } from './support/sip-agents.ts';
import {
  ALICE,
  DIGEST_LISTENER,
  DTLS_LISTENER,
  GATEWAY_FQDN,
  INSIDE_LISTENER,
  PushWorld,
} from './support/push-world.ts';

const TIME = {
  get now() {
    return Date.now();
  },
};

const ahead = (): TestCard => new TestCard(undefined, new SqnArray({ accepted: [0x123456789a9fn] }));

describe('a gateway that pushes over SIP', function () {
  // Each test starts processes.
  this.timeout(90_000);

  const closing: (() => Promise<unknown>)[] = [];

  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  /** The registrar behind the gateway answers 200 to everything. */
  async function open(carrier: object = {}, corePort?: number): Promise<PushWorld> {
    const registrar = await SipPeer.open();
    closing.push(() => registrar.close());
    const world = await PushWorld.open({
      sip: [DTLS_LISTENER, DIGEST_LISTENER, INSIDE_LISTENER],
      sec3: [
        ...(corePort === undefined
          ? []
          : [{ name: 'core', domains: ['core.invalid'], targets: [`sip:127.0.0.1:${corePort}`] }]),
        { name: 'registrar', domains: ['home1.example'], targets: [`sip:127.0.0.1:${registrar.port}`] },
      ],
      push: { carriers: [{ type: 'sip', ...carrier }] },
    });
    closing.push(() => world.close());
    return world;
  }

  it('pushes over the DTLS flow of an agent that never bootstrapped, resynchronises, and takes a later push with the same keys', async () => {
    const agent = new PushAgent(TIME, { card: ahead() });
    const world = await open();
    const device = await registeredDtlsAgent(await world.port('agents'), agent);
    closing.push(() => device.close());
    const first = await world.push('rain at noon', { applicationId: 'x-oma-application:ulp.ua' });
    await world.until(first, ({ state }) => state === 'delivered');
    const second = await world.push('sun at two', { recipient: ALICE });
    await world.until(second, ({ state }) => state === 'delivered');
    expect(agent.got.map(({ content }) => content.toString())).to.deep.equal(['rain at noon', 'sun at two']);
    expect(agent.card.asked).to.equal(2);
    const [request] = device.requests;
    expect(request?.uri).to.equal(ALICE);
    expect(request?.header('Content-Type')).to.equal(PUSH_PACKAGE_CONTENT_TYPE);
    expect(request?.header('Accept-Contact')).to.equal('*;+g.oma.pusheventapp="x-oma-application:ulp.ua"');
    expect(request?.from.uri).to.equal(`sip:${GATEWAY_FQDN}`);
  });

  for (const protocol of ['UDP', 'TCP'] as const) {
    it(`pushes over a ${protocol} flow, by the private identity too, and resynchronises`, async () => {
      const agent = new PushAgent(TIME, { card: ahead() });
      const world = await open();
      const device = await registeredPeer(await world.port('desks'), agent, protocol);
      closing.push(() => device.close());
      const id = await world.push('rain at noon', { recipient: 'alice@home1.example' });
      await world.until(id, ({ state }) => state === 'delivered');
      expect(agent.got).to.have.length(1);
      expect(await world.metric('osgate_push_attempts_total{carrier="sip",outcome="delivered"}')).to.equal(1);
    });
  }

  it('tries the newest flow first, and the one before when it is dead', async () => {
    const agent = new PushAgent(TIME);
    const world = await open({ flowTimeoutMilliseconds: 500 });
    const alive = await registeredPeer(await world.port('desks'), agent);
    closing.push(() => alive.close());
    await (await registeredPeer(await world.port('desks'), undefined)).close();
    const id = await world.push('rain at noon');
    await world.until(id, ({ state }) => state === 'delivered');
    expect(await world.metric('osgate_push_carriers_total{carrier="sip",kind="nextFlow"}')).to.equal(1);
  });

  it('sends nothing longer than 1300 octets over UDP, and says so', async () => {
    const agent = new PushAgent(TIME);
    const world = await open();
    const device = await registeredPeer(await world.port('desks'), agent);
    closing.push(() => device.close());
    const id = await world.push('x'.repeat(1300));
    const { reason } = await world.until(id, (status) => status.reason !== undefined);
    expect(reason).to.equal('sip-too-large');
    const overTcp = await registeredPeer(await world.port('desks'), agent, 'TCP');
    closing.push(() => overTcp.close());
    await world.until(id, ({ state }) => state === 'delivered');
  });

  it('takes what an agent sends up by a MESSAGE of its own, within bounds', async () => {
    const agent = new PushAgent(TIME);
    const world = await open({ uplinkPerSecond: 1, maximumUplinkOctets: 100 });
    const device = await registeredDtlsAgent(await world.port('agents'), agent);
    closing.push(() => device.close());
    const send = async (octets: Buffer, type = PUSH_PACKAGE_CONTENT_TYPE): Promise<number> => {
      const request = new SipRequest('MESSAGE', `sip:${GATEWAY_FQDN}`);
      request.setBody(octets, type);
      return (await device.send(request)).status;
    };
    expect(await send(Buffer.alloc(101))).to.equal(413);
    expect(await send(Buffer.from('hello'), 'text/plain')).to.equal(415);
    expect(await send(Buffer.from('hello'))).to.equal(202);
    expect(await send(Buffer.from('hello'))).to.equal(503);
    expect(await world.metric('osgate_push_sip_uplink_total{kind="received"}')).to.equal(1);
    expect(await world.metric('osgate_push_sip_uplink_total{kind="tooLarge"}')).to.equal(1);
    expect(await world.metric('osgate_push_sip_uplink_total{kind="rateLimited"}')).to.equal(1);
    expect(await world.metric('osgate_push_total{kind="uplinkIgnored"}')).to.equal(1);
  });

  it('takes a 480 of SIPp as "later", and its 200 without a package as no receipt', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'osgate-sipp-'));
    closing.push(() => rm(folder, { recursive: true }));
    const world = await open();
    const localPort = await freePort();
    await (await registeredPeer(await world.port('desks'), undefined, 'UDP', localPort)).close();
    const sipp = runSipp({
      scenario: 'push-agent',
      folder,
      localPort,
      calls: 2,
      callsPerSecond: 10,
      timeoutSeconds: 30,
    });
    const id = await world.push('rain at noon');
    expect(await sipp).to.deep.include({ ok: true });
    const { reason, state } = await world.until(id, (status) => status.reason === 'no-receipt');
    expect({ reason, state }).to.deep.equal({ reason: 'no-receipt', state: 'delivering' });
    expect(await world.metric('osgate_push_attempts_total{carrier="sip",outcome="sip-480"}')).to.equal(1);
  });

  it('goes through the SIP core, which SIPp plays, by the public identity of whoever has no flow', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'osgate-sipp-'));
    closing.push(() => rm(folder, { recursive: true }));
    const localPort = await freePort();
    const world = await open({ target: 'core' }, localPort);
    const sipp = runSipp({
      scenario: 'push-core',
      folder,
      localPort,
      calls: 1,
      callsPerSecond: 10,
      timeoutSeconds: 30,
    });
    const id = await world.push('rain at noon');
    expect(await sipp).to.deep.include({ ok: true });
    await world.until(id, ({ reason }) => reason === 'no-receipt');
    expect(await world.metric('osgate_push_carriers_total{carrier="sip",kind="core"}')).to.be.greaterThan(0);
  });
});
