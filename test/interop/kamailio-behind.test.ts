import { expect } from 'chai';

import { freePort } from '../../scenarios/support/free-port.ts';
import { SipRequest } from '../../sip/index.ts';
import { RawAgent } from '../../scenarios/support/raw-agent.ts';
import { runSipp, type SippResult } from '../../scenarios/support/sipp.ts';
import { scenarioSubscriber } from '../../scenarios/support/subscribers.ts';
import { startBehindGateway, type BehindGateway } from './support/behind-gateway.ts';

describe('interop: Kamailio as the application server behind the gateway', function () {
  this.timeout(60_000);
  let stage: BehindGateway;
  let agent: RawAgent;

  before(async () => {
    stage = await startBehindGateway({ agents: 2, digest: { algorithms: ['MD5'] } });
    agent = await RawAgent.open({ address: '127.0.0.1', port: stage.system.gatewayPort });
  });

  after(async () => {
    await agent.close();
    await stage.stop();
  });

  const authenticated = async (request: SipRequest) =>
    agent.send(agent.answer(request, await agent.send(request), stage.agent(0)));

  it('lesson 23: Kamailio reads the gateway’s P-Asserted-Identity and none of the agent’s own claims', async () => {
    const { ok, errors } = await sipp('spoofed-identity', 20);
    expect(ok, errors).to.equal(true);
    const delivered = stage.kamailio.seen.filter(({ to }) => to.uri === 'sip:bob@uas.example.com');
    expect(delivered.length).to.equal(20);
    for (const message of delivered) {
      expect(message.headers('P-Asserted-Identity').length).to.equal(1);
      expect(message.header('P-Asserted-Identity')).to.equal(`<${message.from.uri}>`);
      expect(message.has('P-Preferred-Identity')).to.equal(false);
      expect(message.has('Proxy-Authorization')).to.equal(false);
      expect(message.toBuffer().includes('boss'), 'no trace of the claim').to.equal(false);
    }
  });

  it('what Kamailio refuses for want of an identity passes when the gateway asserts one', async () => {
    const stranger = await RawAgent.open({ address: '127.0.0.1', port: stage.kamailio.port });
    try {
      const direct = stranger.createRequest('MESSAGE', 'sip:bob@example.com', stage.agent(0).impu);
      expect((await stranger.send(direct)).status, 'past the gateway').to.equal(403);
    } finally {
      await stranger.close();
    }
    const through = agent.createRequest('MESSAGE', 'sip:bob@example.com', stage.agent(0).impu);
    expect((await authenticated(through)).status, 'through the gateway').to.equal(200);
  });

  it('REGISTER is kept with the gateway’s Path, and a MESSAGE from Kamailio’s side comes back along it', async () => {
    const { impu } = stage.agent(0);
    const register = agent.createRequest('REGISTER', 'sip:example.com', impu);
    register.set('To', `<${impu}>`);
    register.append('Supported', 'path');
    register.append('Expires', '60');
    const registered = await authenticated(register);
    expect(registered.status).to.equal(200);
    expect(registered.values('Path').length, 'Kamailio echoes the Path that it keeps').to.equal(2);

    const message = stage.server.createRequest('MESSAGE', impu, 'sip:alerts@example.com');
    expect((await stage.server.send(message)).status).to.equal(200);
    const delivered = agent.requests.find(({ callId }) => callId === message.callId);
    expect(delivered?.uri, 'to the Contact').to.match(/^sip:127\.0\.0\.1:/);
    expect(delivered?.topVia?.port, 'from the listener that the agent knows').to.equal(stage.system.gatewayPort);
    expect(delivered?.has('Route'), 'the Path is used up').to.equal(false);
  });

  it('a MESSAGE for somebody who is not registered reaches no agent', async () => {
    const message = stage.server.createRequest('MESSAGE', scenarioSubscriber(1).impu, 'sip:alerts@example.com');
    expect((await stage.server.send(message)).status, 'not registered, Kamailio keeps it').to.equal(200);
    expect(agent.requests.some(({ callId }) => callId === message.callId)).to.equal(false);
  });

  it('SIPp subscribes through the gateway and Kamailio: NOTIFY and un-SUBSCRIBE along both Record-Routes', async () => {
    const { ok, errors } = await sipp('subscribe', 20);
    expect(ok, errors).to.equal(true);
    const inDialog = stage.kamailio.seen.filter(
      (message) =>
        message instanceof SipRequest && message.method === 'SUBSCRIBE' && message.header('To')?.includes('tag='),
    );
    expect(inDialog.length, 'un-SUBSCRIBEs that Kamailio saw').to.equal(20);
    for (const request of inDialog) {
      expect(request.headers('P-Asserted-Identity').length, 'asserted in the dialog too').to.equal(1);
    }
  });

  it('SIPp sends authenticated messages to Kamailio', async () => {
    const { ok, errors } = await sipp('message', 40);
    expect(ok, errors).to.equal(true);
  });

  const sipp = async (scenario: string, calls: number): Promise<SippResult> =>
    runSipp({
      scenario,
      folder: stage.system.folder,
      localPort: await freePort(),
      remote: `127.0.0.1:${stage.system.gatewayPort}`,
      agents: stage.agentsCsv,
      calls,
      callsPerSecond: 40,
      timeoutSeconds: 40,
    });
});
