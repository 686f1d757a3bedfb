import { expect } from 'chai';

import { ALICE, ALICE_KEY, DtlsGateway } from '../../../support/dtls-gateway.ts';
import { DtlsAgent, waitFor } from '../../../support/dtls-agent.ts';
import { UdpServer } from '../../../support/udp-server.ts';

describe('SIP over DTLS through the gateway as a process', function () {
  this.timeout(60_000);
  let gateway: DtlsGateway;
  const open: DtlsAgent[] = [];

  before(async () => {
    gateway = await DtlsGateway.start();
  });

  after(async () => {
    expect(await gateway.stop()).to.equal(0);
  });

  afterEach(async () => {
    await Promise.all(open.splice(0).map((agent) => agent.close()));
  });

  const connect = async (options = gateway.alice): Promise<DtlsAgent> => {
    const agent = await DtlsAgent.connect(options);
    open.push(agent);
    return agent;
  };

  it('lesson 1: lets a MESSAGE in with the identity of its association, at once', async () => {
    const agent = await connect();
    const response = await agent.message(ALICE);
    expect(response.status).to.equal(200);
    const { request } = await gateway.server.waitFor((received) => received.request.callId === response.callId);
    expect(request.header('P-Asserted-Identity')).to.equal(`<${ALICE}>`);
    expect(request.values('Via').length, 'the agent’s own Via stays outside').to.equal(1);
    expect(request.topVia?.protocol).to.equal('UDP');
    expect(response.topVia?.protocol).to.equal('DTLS-UDP');
    expect(response.topVia?.host).to.equal('192.0.2.1');
    expect(response.topVia?.received).to.equal('127.0.0.1');
  });

  it('refuses the name of somebody else, and takes no claims over the edge', async () => {
    const agent = await connect();
    expect((await agent.message('sip:bob@example.com')).status).to.equal(403);
    const response = await agent.message(ALICE, undefined, (request) => {
      request.append('P-Asserted-Identity', '<sip:boss@example.com>');
    });
    const { request } = await gateway.server.waitFor((received) => received.request.callId === response.callId);
    expect(request.headers('P-Asserted-Identity')).to.deep.equal([`<${ALICE}>`]);
  });

  it('lesson 4: requests from inside find the agent after its address has changed', async () => {
    const agent = await connect();
    const register = agent.createRequest('REGISTER', 'sip:example.com', ALICE);
    register.set('To', `<${ALICE}>`);
    register.append('Supported', 'path, outbound');
    expect((await agent.send(register)).status).to.equal(200);
    const { request } = await gateway.server.waitFor((received) => received.request.callId === register.callId);
    const path = request.values('Path');
    expect(path.length).to.equal(2);

    await agent.association.rebind();
    expect((await agent.message(ALICE)).status, 'from the new address').to.equal(200);
    const message = gateway.server.createRequest('MESSAGE', ALICE, 'sip:alerts@example.com');
    for (const value of path) message.append('Route', value);
    const inside = { address: '127.0.0.1', port: gateway.insidePort };
    expect((await gateway.server.send(message, inside, 'UDP')).status).to.equal(200);
    expect(agent.requests.map(({ callId }) => callId)).to.deep.equal([message.callId]);
    expect(agent.requests[0]?.topVia?.protocol).to.equal('DTLS-UDP');
    expect(await gateway.metric('osgate_sip_listeners_total{kind="dtls-moved"}')).to.equal(1);
  });

  it('answers 430 when the association is gone', async () => {
    const agent = await connect();
    const register = agent.createRequest('REGISTER', 'sip:example.com', ALICE);
    register.set('To', `<${ALICE}>`);
    await agent.send(register);
    const { request } = await gateway.server.waitFor((received) => received.request.callId === register.callId);
    await agent.close();
    const message = gateway.server.createRequest('MESSAGE', ALICE, 'sip:alerts@example.com');
    for (const value of request.values('Path')) message.append('Route', value);
    const inside = { address: '127.0.0.1', port: gateway.insidePort };
    expect((await gateway.server.send(message, inside, 'UDP')).status).to.equal(430);
  });

  it('answers CRLFCRLF inside the association', async () => {
    const agent = await connect();
    agent.association.send(Buffer.from('\r\n\r\n'));
    const pong = await waitFor('a pong', () => agent.other[0]);
    expect(pong.toString()).to.equal('\r\n');
  });

  it('shows the association among the flows, and counts it', async () => {
    const agent = await connect();
    const register = agent.createRequest('REGISTER', 'sip:example.com', ALICE);
    register.set('To', `<${ALICE}>`);
    await agent.send(register);
    const { flows } = (await gateway.admin('/flows')) as { flows: Record<string, unknown>[] };
    const flow = flows.at(-1);
    expect(flow?.transport).to.equal('DTLS-UDP');
    expect(flow?.cipherSuite).to.equal(agent.association.getCipher().standardName);
    expect(flow?.connectionId).to.equal(true);
    expect(flow?.subjectHash).to.match(/^[0-9a-f]{16}$/);
    expect(await gateway.metric('osgate_dtls_associations')).to.equal(1);
    expect(await gateway.metric('osgate_dtls_opened_total{listener="agents",scheme="psk"}')).to.be.greaterThan(0);
  });

  it('lesson 9: stray hellos, garbage and plain SIP at the port disturb no association, and get nothing', async () => {
    const agent = await connect();
    expect((await agent.message(ALICE)).status).to.equal(200);
    const stranger = await UdpServer.open();
    const to = { address: '127.0.0.1', port: gateway.port };
    stranger.answer = () => undefined;
    const hello = Buffer.from('16fefd0000000000000000000301ffff', 'hex');
    for (let count = 0; count < 200; count++) {
      const garbage = Buffer.alloc(40, count);
      // Records of the live epoch, alerts, a ClientHello that is cut short.
      garbage[0] = [0x17, 0x15, 0x16, 0x19][count % 4] ?? 0;
      garbage.writeUInt16BE(0xfefd, 1);
      stranger.send(garbage, to);
      stranger.send(hello, to);
    }
    stranger.send(Buffer.from('OPTIONS sip:osg.example.com SIP/2.0\r\n\r\n'), to);
    expect((await agent.message(ALICE)).status).to.equal(200);
    expect(agent.closed).to.equal(undefined);
    expect(stranger.received.length, 'answers to strangers').to.equal(0);
    const deadline = Date.now() + 5000;
    while ((await gateway.metric('osgate_sip_listeners_total{kind="dtls-notDtls"}')) !== 1) {
      expect(Date.now(), 'plain SIP is counted').to.be.lessThan(deadline);
    }
    stranger.close();
  });

  it('a request from inside to the address of an agent goes by its association, and never without one', async () => {
    const agent = await connect();
    const message = agent.createRequest('MESSAGE', 'sip:bob@example.com', ALICE);
    const { topVia } = await agent.send(message);
    const uri = `sip:agent@127.0.0.1:${topVia?.rport ?? 0};transport=dtls-udp`;
    const inside = { address: '127.0.0.1', port: gateway.insidePort };
    const direct = gateway.server.createRequest('MESSAGE', uri, 'sip:alerts@other.example.com');
    direct.append('Route', `<sip:127.0.0.1:${gateway.port};transport=dtls-udp;lr>`);
    const answer = await gateway.server.send(direct, inside, 'UDP');
    expect([200, 404, 502]).to.include(answer.status);
    expect(agent.requests.length).to.equal(answer.status === 200 ? 1 : 0);
  });

  it('lets nobody in with a wrong key, nor with an unknown identity, and does not say which it was', async () => {
    const failures: unknown[] = [];
    for (const identity of [ALICE, 'sip:nobody@example.com']) {
      const key = Buffer.alloc(16, 7);
      const failure: unknown = await DtlsAgent.connect({ ...gateway.alice, psk: { identity, key } }).catch(
        (error: unknown) => error,
      );
      expect(failure).to.be.instanceOf(Error);
      failures.push((failure as Error).message);
    }
    expect(failures[0]).to.equal(failures[1]);
    expect((await (await connect()).message(ALICE)).status, 'others go on').to.equal(200);
    expect(ALICE_KEY.length).to.equal(16);
  });
});
