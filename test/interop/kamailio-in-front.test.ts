import { expect } from 'chai';

import { freePort } from '../../scenarios/support/free-port.ts';
import { SipRequest, SipResponse } from '../../sip/index.ts';
import { writeAgentsCsv, type AgentsCsv } from '../../scenarios/support/agents-csv.ts';
import { Kamailio } from '../../scenarios/support/kamailio.ts';
import { RawAgent } from '../../scenarios/support/raw-agent.ts';
import { runSipp } from '../../scenarios/support/sipp.ts';
import { scenarioSubscriber } from '../../scenarios/support/subscribers.ts';
import { System } from '../../scenarios/support/system.ts';

const CONFIG = new URL('support/outbound-proxy.cfg', import.meta.url);

describe('interop: Kamailio as the outbound proxy in front of the gateway', function () {
  this.timeout(60_000);
  let system: System;
  let kamailio: Kamailio;
  let agents: AgentsCsv;
  let agent: RawAgent;

  before(async () => {
    const subscribers = [scenarioSubscriber(0), scenarioSubscriber(1)];
    system = await System.start({
      subscribers,
      digest: { algorithms: ['MD5'] },
      locationServer: ['--ring', '500', '--interval', '60000'],
    });
    agents = await writeAgentsCsv(system, subscribers);
    kamailio = await Kamailio.start({
      template: CONFIG,
      folder: system.folder,
      port: await freePort(),
      values: { GATEWAY_PORT: String(system.gatewayPort) },
    });
    agent = await RawAgent.open({ address: '127.0.0.1', port: kamailio.port });
  });

  after(async () => {
    await agent.close();
    await kamailio.stop();
    await system.stop();
  });

  for (const scenario of ['message', 'subscribe', 'invite', 'cancel', 'wrong-password']) {
    it(`SIPp plays ${scenario} through Kamailio and the gateway`, async () => {
      const { ok, errors } = await runSipp({
        scenario,
        folder: system.folder,
        localPort: await freePort(),
        remote: `127.0.0.1:${kamailio.port}`,
        agents: agents.path,
        calls: 20,
        callsPerSecond: 20,
        timeoutSeconds: 40,
      });
      expect(ok, errors).to.equal(true);
    });
  }

  it('the challenge passes Kamailio, which finds its own Via with received and rport (RFC 3581)', async () => {
    const request = agent.createRequest('MESSAGE', 'sip:bob@example.com', scenarioSubscriber(0).impu);
    const challenge = await agent.send(request);
    expect(challenge.status).to.equal(407);
    expect(challenge.topVia?.parameters.get('rport'), 'of the agent').to.equal(String(agent.port));
    const atKamailio = await kamailio.waitForMessage(
      'the challenge',
      (message) => message instanceof SipResponse && message.callId === request.callId,
    );
    const [top = '', below = ''] = atKamailio.values('Via');
    expect(top).to.contain(`127.0.0.1:${kamailio.port}`).and.contain(`rport=${kamailio.port}`);
    expect(top).to.contain('received=127.0.0.1');
    expect(below, 'what Kamailio wrote into the agent’s Via').to.contain(`rport=${agent.port}`);
    expect(below).to.contain('received=127.0.0.1');
  });

  it('stays below Kamailio’s Record-Route, so that requests of both sides pass both', () => {
    const notify = kamailio.seen.find(
      (message): message is SipRequest => message instanceof SipRequest && message.method === 'NOTIFY',
    );
    expect(notify?.values('Route')[0], 'what the gateway left of the route set').to.contain(
      `127.0.0.1:${kamailio.port}`,
    );
    expect(notify?.values('Route').length).to.equal(1);
    const bye = kamailio.seen.find(
      (message): message is SipRequest => message instanceof SipRequest && message.method === 'BYE',
    );
    const routes = bye?.values('Route') ?? [];
    expect(routes.length, 'Kamailio, and the gateway on both sides').to.equal(3);
    expect(routes[0]).to.contain(`127.0.0.1:${kamailio.port}`);
    expect(routes[1]).to.contain(`127.0.0.1:${system.gatewayPort}`);
  });

  it('CANCEL and the ACK of a refusal are Kamailio’s own, and pass', () => {
    const methods = (status: number, method: string): number =>
      kamailio.seen.filter(
        (message) => message instanceof SipResponse && message.status === status && message.cseq.method === method,
      ).length;
    expect(methods(487, 'INVITE'), 'calls that were given up').to.equal(20);
    expect(methods(200, 'CANCEL')).to.equal(20);
    const dropped = system.gateway.records.filter(({ event }) => event === 'dropped');
    expect(dropped, 'no ACK was dropped').to.deep.equal([]);
  });

  it('the location server sees the agent’s identity, whatever Kamailio passed on', async () => {
    const { impu } = scenarioSubscriber(0);
    const request = agent.createRequest('MESSAGE', 'sip:bob@example.com', impu);
    request.append('P-Asserted-Identity', '<sip:boss@example.com>');
    const [credentials] = agents.agents;
    if (credentials === undefined) throw new Error('no agent');
    const challenge = await agent.send(request);
    expect((await agent.send(agent.answer(request, challenge, credentials))).status).to.equal(200);
    const record = await system.locationServer.waitFor('it', ({ callId }) => callId === request.callId);
    expect(record.asserted).to.deep.equal([`<${impu}>`]);
  });
});
