import { expect } from 'chai';

import { DtlsAgent, waitFor } from '../../../support/dtls-agent.ts';
import { ALICE, DtlsGateway, METER_KEY } from '../../../support/dtls-gateway.ts';
import { UdpServer } from '../../../support/udp-server.ts';

/** How often an agent changes its port until the kernel gives it to the other worker: half of the times it does. */
const ATTEMPTS = 60;

const METER = 'sip:meter-1@example.com';

describe('DTLS with two workers', function () {
  this.timeout(120_000);
  let gateway: DtlsGateway;
  let server: UdpServer;
  const open: DtlsAgent[] = [];

  before(async () => {
    server = await UdpServer.open();
    gateway = await DtlsGateway.start({
      workers: 2,
      gateway: { dtls: { handover: 'associations.sealed' } },
      datagram: [
        {
          name: 'coap',
          host: '127.0.0.1',
          port: 0,
          fqdn: 'osg.example.com',
          authenticators: [{ type: 'psk', identities: 'psk.txt' }],
          target: { host: '127.0.0.1', port: server.port },
        },
      ],
    });
  });

  after(async () => {
    server.close();
    expect(await gateway.stop()).to.equal(0);
  });

  afterEach(async () => {
    await Promise.all(open.splice(0).map((agent) => agent.close()));
  });

  const connect = async (port = gateway.port): Promise<DtlsAgent> => {
    const agent = await DtlsAgent.connect({ ...gateway.alice, port });
    open.push(agent);
    return agent;
  };

  /** Datagrams with DTLS records that came to the wrong worker. */
  const foreign = async (): Promise<number> => gateway.metric('osgate_dtls_total{kind="foreign-connection-ids"}');

  it('lesson 13: what comes for an association of the other worker is taken there', async () => {
    const agent = await connect();
    const before = await foreign();
    for (let attempt = 0; attempt < ATTEMPTS && (await foreign()) === before; attempt++) {
      await agent.association.rebind();
      expect((await agent.message(ALICE)).status).to.equal(200);
    }
    expect(await foreign()).to.be.greaterThan(before);
  });

  it('the same at a datagram listener', async () => {
    const agent = await connect(await gateway.listenerPort('coap'));
    const before = await foreign();
    for (let attempt = 0; attempt < ATTEMPTS && (await foreign()) === before; attempt++) {
      await agent.association.rebind();
      agent.association.send(Buffer.from(`echo ${attempt}`));
      await waitFor('an echo', () => agent.other.find((data) => data.toString() === `echo ${attempt}`));
    }
    expect(await foreign()).to.be.greaterThan(before);
    expect(new Set(server.received.map(({ from }) => from.port)).size, 'one flow inside').to.equal(1);
  });

  it('a worker that is killed loses its associations; its clients connect again, those of the other one go on', async () => {
    const agents: DtlsAgent[] = [];
    for (let count = 0; count < 12; count++) agents.push(await connect());
    const [killed] = (await gateway.admin('/status')).workers as { pid: number; slot: number }[];
    process.kill(killed?.pid ?? 0, 'SIGKILL');
    const deadline = Date.now() + 30_000;
    while ((await gateway.metric('osgate_worker_restarts_total{worker="0"}')) === 0 && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const alive: boolean[] = [];
    for (const agent of agents) {
      const request = agent.createRequest('MESSAGE', 'sip:bob@example.com', ALICE);
      alive.push(
        await agent.send(request, 500).then(
          () => true,
          () => false,
        ),
      );
    }
    expect(alive.filter((one) => !one).length, 'lost').to.be.lessThan(agents.length);
    for (const isAlive of alive) {
      if (!isAlive) expect((await (await connect()).message(ALICE)).status, 'once more').to.equal(200);
    }
  });

  it('lesson 11: associations of both carry on after a restart', async () => {
    const agents: DtlsAgent[] = [];
    for (let count = 0; count < 20; count++) {
      const agent = await DtlsAgent.connect({
        ...gateway.alice,
        psk: { identity: 'meter-1', key: METER_KEY },
        connectionId: count % 2 === 0 ? { length: 0 } : false,
      });
      open.push(agent);
      agents.push(agent);
      expect((await agent.message(METER)).status).to.equal(200);
    }
    await gateway.restart();
    for (const agent of agents) expect((await agent.message(METER)).status).to.equal(200);
    expect(await gateway.metric('osgate_dtls_total{kind="handshakes-started"}')).to.equal(0);
    expect(await gateway.metric('osgate_dtls_total{kind="associations-imported"}')).to.be.at.least(20);
    await agents[0]?.association.rebind();
    expect((await agents[0]?.message(METER))?.status).to.equal(200);
  });
});
