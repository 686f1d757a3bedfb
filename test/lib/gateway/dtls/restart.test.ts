import { createHash } from 'node:crypto';
import { access, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from 'chai';

import { DtlsAgent, waitFor } from '../../../support/dtls-agent.ts';
import { ALICE, DtlsGateway } from '../../../support/dtls-gateway.ts';
import { OpensslAgent } from '../../../support/openssl-agent.ts';

const ASSOCIATIONS = 1000;

describe('restart of a gateway with live DTLS associations', function () {
  this.timeout(120_000);
  let gateway: DtlsGateway;
  const agents: DtlsAgent[] = [];

  before(async () => {
    const lines = Array.from({ length: ASSOCIATIONS }, (_, number) => `${impuOf(number)}:${keyOf(number)}`);
    gateway = await DtlsGateway.start({
      files: { 'many.txt': lines.join('\n') },
      agents: { authenticators: [{ type: 'psk', identities: 'many.txt' }] },
      gateway: {
        dtls: { handover: 'associations.sealed', limits: { halfOpenPerAddress: 2000 } },
        admission: {
          // All agents of this test have one address.
          strangers: { addressPerSecond: 100_000, addressBurst: 100_000 },
          // The test is not about how busy the machine is.
          overload: { delayMilliseconds: 10_000, maximumDelayMilliseconds: 20_000 },
        },
      },
    });
  });

  after(async () => {
    await Promise.all(agents.map((agent) => agent.close()));
    expect(await gateway.stop()).to.equal(0);
  });

  it(`lesson 11: ${ASSOCIATIONS} associations carry on without a new handshake, foreign ones without connection id too`, async () => {
    for (let number = 0; number < ASSOCIATIONS; number++) {
      // Every tenth has no connection id: its address alone says who it is.
      const agent = await DtlsAgent.connect({
        host: '127.0.0.1',
        port: gateway.port,
        psk: { identity: impuOf(number), key: Buffer.from(keyOf(number), 'hex') },
        connectionId: number % 10 === 0 ? false : { length: number % 3 },
      });
      agents.push(agent);
      expect((await agent.message(impuOf(number))).status).to.equal(200);
    }
    const foreign = await OpensslAgent.connect({ port: gateway.port, identity: impuOf(0), key: keyOf(0) });
    await foreign.message(impuOf(0));
    const register = agents[7]?.createRequest('REGISTER', 'sip:example.com', impuOf(7));
    if (register === undefined) throw new TypeError('no agent');
    register.set('To', `<${impuOf(7)}>`);
    await agents[7]?.send(register);
    const { request } = await gateway.server.waitFor((received) => received.request.callId === register.callId);

    await gateway.restart();
    const handed = await gateway.process.waitFor('handover', ({ event }) => event === 'dtls-handover');
    expect(handed.associations).to.equal(ASSOCIATIONS + 1);

    // A request from inside finds its flow before the agent has said anything: it has slept through the restart.
    const message = gateway.server.createRequest('MESSAGE', impuOf(7), 'sip:alerts@example.com');
    for (const value of request.values('Path')) message.append('Route', value);
    const inside = { address: '127.0.0.1', port: gateway.insidePort };
    expect((await gateway.server.send(message, inside, 'UDP')).status).to.equal(200);
    expect(agents[7]?.requests.length).to.equal(1);

    for (const [number, agent] of agents.entries()) {
      expect((await agent.message(impuOf(number))).status).to.equal(200);
      expect(agent.closed).to.equal(undefined);
    }
    await foreign.message(impuOf(0));
    foreign.stop();
    expect(await gateway.metric('osgate_dtls_total{kind="handshakes-started"}'), 'handshakes').to.equal(0);
    expect(await gateway.metric('osgate_dtls_total{kind="associations-imported"}')).to.equal(ASSOCIATIONS + 1);

    // And an association that moves afterwards still does so.
    await agents[1]?.association.rebind();
    expect((await agents[1]?.message(impuOf(1)))?.status).to.equal(200);
  });

  it('leaves a sealed file for its owner alone, and removes it when it is read', async () => {
    const path = join(gateway.folder, 'associations.sealed');
    await access(path).then(
      () => expect.fail('the file is still there'),
      () => undefined,
    );
    const status = await gateway.process.stop();
    expect(status).to.equal(0);
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    await gateway.restart();
    await waitFor('handover', () => gateway.process.records.find(({ event }) => event === 'dtls-handover'));
    expect(ALICE).to.be.a('string');
  });
});

function impuOf(number: number): string {
  return `sip:agent${number}@example.com`;
}

function keyOf(number: number): string {
  return createHash('sha256').update(`key ${number}`).digest('hex').slice(0, 32);
}
