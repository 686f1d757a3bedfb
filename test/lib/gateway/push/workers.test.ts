import { expect } from 'chai';

import { SipPeer } from '../../../../scenarios/support/sip-peer.ts';
import { SipRequest } from '../../../../sip/index.ts';
import { PUSH_PACKAGE_CONTENT_TYPE } from '../../../../push/index.ts';
import { PushAgent } from '../../../push/support/push-agent.ts';
import { KeyCentreProcess } from './support/key-centre-process.ts';
import { DTLS_LISTENER, GATEWAY_FQDN, INSIDE_LISTENER, PushWorld } from './support/push-world.ts';
import { registeredDtlsAgent, type DtlsPushAgent } from './support/sip-agents.ts';

const TIME = {
  get now() {
    return Date.now();
  },
};

/** How often an agent connects until the kernel gives it to the other worker: half of the times it does. */
const ATTEMPTS = 40;

describe('pushes of a gateway with two workers', function () {
  this.timeout(180_000);
  let centre: KeyCentreProcess;
  let registrar: SipPeer;
  let world: PushWorld;
  let device: DtlsPushAgent | undefined;
  const agent = new PushAgent(TIME);

  before(async () => {
    centre = await KeyCentreProcess.open();
    registrar = await SipPeer.open();
    world = await PushWorld.open({
      sip: [DTLS_LISTENER, INSIDE_LISTENER],
      sec3: [{ name: 'registrar', domains: ['home1.example'], targets: [`sip:127.0.0.1:${registrar.port}`] }],
      gateway: { workers: 2, keyCentre: centre.keyCentre },
      push: { carriers: [{ type: 'sip' }] },
    });
    device = await connectTo(1);
  });

  after(async () => {
    await device?.close();
    expect(await world.close()).to.equal(0);
    await registrar.close();
    await centre.close();
  });

  async function connectTo(worker: number): Promise<DtlsPushAgent> {
    const port = await world.port('agents');
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const opened = await registeredDtlsAgent(port, agent);
      const { flows } = (await world.admin('/flows')) as { flows: { worker: number }[] };
      if (flows.length > 0 && flows.every((flow) => flow.worker === worker)) return opened;
      await opened.close();
    }
    throw new Error(`no flow came to worker ${worker}`);
  }

  it('delivers from the first worker over a flow of the other one', async () => {
    const id = await world.push('rain at noon');
    await world.until(id, ({ state }) => state === 'delivered');
    expect(agent.got).to.have.length(1);
    expect(await world.metric('osgate_push_workers_total{kind="sent"}')).to.equal(1);
  });

  it('hands what an agent sends up to the first worker', async () => {
    const before = await world.metric('osgate_push_total{kind="uplinkIgnored"}');
    const request = new SipRequest('MESSAGE', `sip:${GATEWAY_FQDN}`);
    request.setBody(Buffer.from('no package'), PUSH_PACKAGE_CONTENT_TYPE);
    expect((await device?.send(request))?.status).to.equal(202);
    expect(await world.metric('osgate_push_total{kind="uplinkIgnored"}')).to.equal(before + 1);
  });

  it('has the queue as it was after the first worker was killed, and delivers it', async () => {
    agent.answer = () => 'failed';
    const id = await world.push('sun at two');
    await world.until(id, ({ attempts }) => attempts > 0);
    const { workers } = (await world.admin('/status')) as { workers: { worker: number; pid: number }[] };
    const ports = world.process.records.filter(({ interface: served }) => served === 'initiators').length;
    process.kill(workers.find(({ worker }) => worker === 0)?.pid ?? 0, 'SIGKILL');
    await world.process.waitFor(
      'the server of the next first worker',
      () => world.process.records.filter(({ interface: served }) => served === 'initiators').length > ports,
    );
    agent.answer = () => 'delivered';
    await world.until(id, ({ state }) => state === 'delivered', 60_000);
    expect(agent.got.map(({ content }) => content.toString())).to.deep.equal(['rain at noon', 'sun at two']);
  });
});
