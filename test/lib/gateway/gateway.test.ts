import { expect } from 'chai';

import type { SipRequest } from '../../../sip/index.ts';
import { writeAgentsCsv, type AgentsCsv } from '../../../scenarios/support/agents-csv.ts';
import { RawAgent } from '../../../scenarios/support/raw-agent.ts';
import { scenarioSubscriber } from '../../../scenarios/support/subscribers.ts';
import { System } from '../../../scenarios/support/system.ts';

const TARGET = 'sip:bob@example.com';

describe('the gateway as a process, against a client without manners', function () {
  this.timeout(60_000);
  let system: System;
  let agents: AgentsCsv['agents'];
  let raw: RawAgent;

  before(async () => {
    const subscribers = [scenarioSubscriber(0), scenarioSubscriber(1)];
    system = await System.start({ subscribers });
    ({ agents } = await writeAgentsCsv(system, subscribers));
    raw = await RawAgent.open({ address: '127.0.0.1', port: system.gatewayPort });
  });

  after(async () => {
    await raw.close();
    expect(await system.stop()).to.deep.equal([0, 0, 0]);
  });

  const me = (): AgentsCsv['agents'][number] => {
    const [first] = agents;
    if (first === undefined) throw new Error('no agent');
    return first;
  };

  const authenticated = async (request: SipRequest) => raw.send(raw.answer(request, await raw.send(request), me()));

  const seenByServer = (callId: string): readonly object[] =>
    system.locationServer.records.filter((record) => record.callId === callId);

  it('lesson 24: challenges every method without credentials, also MESSAGE and those nobody has heard of', async () => {
    for (const method of [
      'MESSAGE',
      'INVITE',
      'OPTIONS',
      'SUBSCRIBE',
      'NOTIFY',
      'REGISTER',
      'BYE',
      'PUBLISH',
      'message',
      'X-NEW',
    ]) {
      const request = raw.createRequest(method, TARGET, me().impu);
      const response = await raw.send(request);
      expect(response.status, method).to.equal(407);
      expect(response.headers('Proxy-Authenticate').length, 'SHA-256, then MD5').to.equal(2);
      expect(response.header('Proxy-Authenticate')).to.contain('algorithm=SHA-256');
      expect(seenByServer(request.callId), method).to.deep.equal([]);
    }
  });

  it('asserts the subscriber’s identity and shows the target neither claim nor credential', async () => {
    const request = raw.createRequest('MESSAGE', TARGET, me().impu);
    request.append('P-Asserted-Identity', '<sip:boss@example.com>');
    expect((await authenticated(request)).status).to.equal(200);
    const [record] = seenByServer(request.callId);
    expect(record)
      .to.have.property('asserted')
      .that.deep.equals([`<${me().impu}>`]);
  });

  it('proves itself with rspauth', async () => {
    const response = await authenticated(raw.createRequest('MESSAGE', TARGET, me().impu));
    expect(response.header('Proxy-Authentication-Info')).to.match(/rspauth="[0-9a-f]{64}"/);
  });

  it('refuses to let a subscriber speak for another one', async () => {
    const request = raw.createRequest('MESSAGE', TARGET, scenarioSubscriber(1).impu);
    expect((await authenticated(request)).status).to.equal(403);
    expect(seenByServer(request.callId)).to.deep.equal([]);
  });

  it('sends nobody where the configuration does not lead: other domains, and Route entries that lead inside', async () => {
    const elsewhere = raw.createRequest('MESSAGE', 'sip:bob@elsewhere.example', me().impu);
    expect((await authenticated(elsewhere)).status).to.equal(404);
    const routed = raw.createRequest('MESSAGE', TARGET, me().impu);
    routed.append('Route', '<sip:127.0.0.1:9;lr>');
    expect((await authenticated(routed)).status, 'the Route is dropped, the target serves').to.equal(200);
  });

  it('takes a Route that names the gateway for what it is: its address as an outbound proxy', async () => {
    const request = raw.createRequest('MESSAGE', TARGET, me().impu);
    request.append('Route', `<sip:127.0.0.1:${system.gatewayPort};lr>, <sip:127.0.0.1:9;lr>`);
    expect((await authenticated(request)).status).to.equal(200);
    expect(seenByServer(request.callId).length).to.equal(1);
  });

  it('refuses a request of a dialog that it did not let through', async () => {
    const bye = raw.createRequest('BYE', TARGET, me().impu);
    bye.set('To', `<${TARGET}>;tag=guessed`);
    expect((await authenticated(bye)).status).to.equal(481);
  });

  it('drops an ACK that proves no dialog', async () => {
    const ack = raw.createRequest('ACK', TARGET, me().impu);
    await raw.send(ack, 300).catch(() => undefined);
    const dropped = await system.gateway.waitFor(
      'the drop',
      (record) => record.callId === ack.callId && record.event === 'dropped',
    );
    expect(dropped.reason).to.equal('ack-foreign-dialog');
  });

  it('carries a request from inside along the Path of a registration to the agent (RFC 3327)', async () => {
    const register = raw.createRequest('REGISTER', 'sip:example.com', me().impu);
    register.set('To', `<${me().impu}>`);
    const registered = await authenticated(register);
    expect(registered.status).to.equal(200);
    const path = registered.values('Path');
    expect(path.length, 'one value a side').to.equal(2);
    const contact = /<([^>]+)>/.exec(registered.header('Contact') ?? '')?.[1] ?? '';
    const insidePort = await system.listenerPort('inside');
    const server = await RawAgent.open({ address: '127.0.0.1', port: insidePort });
    try {
      const message = server.createRequest('MESSAGE', contact, 'sip:server@example.com');
      message.append('Route', path.join(', '));
      message.append('P-Asserted-Identity', '<sip:server@example.com>');
      message.append('Privacy', 'id');
      expect((await server.send(message)).status).to.equal(200);
      const delivered = raw.requests.find((request) => request.callId === message.callId);
      expect(delivered?.uri).to.equal(contact);
      expect(delivered?.topVia?.port, 'sent from the side of the agents').to.equal(system.gatewayPort);
      expect(delivered?.has('P-Asserted-Identity'), 'Privacy: id').to.equal(false);
    } finally {
      await server.close();
    }
  });

  it('answers OPTIONS for itself, to those it knows', async () => {
    const options = raw.createRequest('OPTIONS', `sip:127.0.0.1:${system.gatewayPort}`, me().impu);
    expect((await authenticated(options)).status).to.equal(200);
    expect(seenByServer(options.callId)).to.deep.equal([]);
  });

  it('lesson 20: an unknown B-TID and a wrong key look the same from outside, and are told apart in the log', async () => {
    const outcomes: string[] = [];
    for (const credentials of [
      { ...me(), password: 'wrong' },
      { ...me(), username: 'AAAAAAAAAAAAAAAAAAAAAA==@bsf.example.com' },
    ]) {
      const request = raw.createRequest('MESSAGE', TARGET, me().impu);
      const response = await raw.send(raw.answer(request, await raw.send(request), credentials));
      const names = response.headerFields().map(({ name }) => name);
      outcomes.push(`${response.status} ${names.join()} ${response.values('Proxy-Authenticate').length}`);
      const wanted = credentials.password === 'wrong' ? 'wrong-key' : 'unknown-user';
      await system.gateway.waitFor(wanted, (record) => record.callId === request.callId && record.reason === wanted);
    }
    expect(outcomes[0]).to.equal(outcomes[1]);
  });

  it('logs no key, no credential and no location', () => {
    const log = JSON.stringify([...system.gateway.records, ...system.kmc.records]);
    for (const secret of [me().password, 'rspauth', 'response=', 'geopriv', scenarioSubscriber(0).k]) {
      expect(log.includes(secret), secret).to.equal(false);
    }
  });
});
