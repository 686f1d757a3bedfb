import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

import { expect } from 'chai';

import { parseUri, type SipRequest, type SipResponse, type TransportProtocol } from '../../../sip/index.ts';
import { writeAgentsCsv, type AgentsCsv } from '../../../scenarios/support/agents-csv.ts';
import { SipPeer } from '../../../scenarios/support/sip-peer.ts';
import { scenarioSubscriber } from '../../../scenarios/support/subscribers.ts';
import { GATEWAY_FQDN, System } from '../../../scenarios/support/system.ts';

/** What an agent behind NAT knows of itself: an address that nobody can reach. */
const BEHIND_NAT = '<sip:agent@192.0.2.1:5060>';

describe('flows of agents through the gateway as a process (RFC 5626)', function () {
  this.timeout(60_000);
  let system: System;
  let me: AgentsCsv['agents'][number];
  let server: SipPeer;
  let agents: { readonly address: string; readonly port: number };
  let inside: { readonly address: string; readonly port: number };
  const open: SipPeer[] = [];

  before(async () => {
    const subscribers = [scenarioSubscriber(0)];
    server = await SipPeer.open();
    system = await System.start({
      subscribers,
      metrics: true,
      sec3: (locationServerPort) => [
        { name: 'strict', domains: ['strict.example.com'], targets: [`sip:127.0.0.1:${server.port}`] },
        { name: 'location', domains: ['example.com'], targets: [`sip:127.0.0.1:${locationServerPort}`] },
      ],
      gateway: { flows: { udpFlowTimerSeconds: 1, graceSeconds: 1, maximumFlows: 40 } },
      moreListeners: [
        {
          name: 'agents6',
          host: '::1',
          port: 0,
          fqdn: GATEWAY_FQDN,
          authenticators: [{ type: 'gba-digest', uaSecurityProtocolId: '0300000002' }],
        },
      ],
    });
    [me] = (await writeAgentsCsv(system, subscribers)).agents as [AgentsCsv['agents'][number]];
    agents = { address: '127.0.0.1', port: system.gatewayPort };
    inside = { address: '127.0.0.1', port: await system.listenerPort('inside') };
  });

  after(async () => {
    await server.close();
    expect(await system.stop()).to.deep.equal([0, 0, 0]);
  });

  afterEach(async () => {
    await Promise.all(open.splice(0).map((peer) => peer.close()));
  });

  const agent = async (protocol: TransportProtocol, host = '127.0.0.1', contact = BEHIND_NAT): Promise<SipPeer> => {
    const peer = await SipPeer.open([protocol], host);
    peer.contact = contact;
    open.push(peer);
    return peer;
  };

  const register = async (
    peer: SipPeer,
    protocol: TransportProtocol,
    edit?: (request: SipRequest) => void,
    gateway = agents,
  ): Promise<SipResponse> => {
    const request = peer.createRequest('REGISTER', 'sip:example.com', me.impu);
    request.set('To', `<${me.impu}>`);
    edit?.(request);
    const response = await peer.sendWith(request, me, gateway, protocol);
    expect(response.status).to.equal(200);
    return response;
  };

  const outbound = (request: SipRequest): void => {
    request.append('Supported', 'path, outbound');
    request.set('Contact', `${BEHIND_NAT};reg-id=1;+sip.instance="<urn:uuid:00000000-0000-1000-8000-000000000001>"`);
  };

  /** A request from inside along the Path of a registration, to the agent's own Contact. */
  const fromInside = async (registered: SipResponse, method = 'NOTIFY'): Promise<[SipRequest, SipResponse]> => {
    const request = server.createRequest(method, 'sip:agent@192.0.2.1:5060', 'sip:server@example.com');
    for (const path of registered.headers('Path')) request.append('Route', path);
    if (method === 'NOTIFY') {
      request.append('Event', 'presence');
      request.append('Subscription-State', 'active');
    }
    return [request, await server.send(request, inside, 'UDP')];
  };

  const metric = async (name: string): Promise<number> => {
    const { port } = await system.gateway.waitFor(
      'metrics',
      (record) => record.event === 'listening' && record.interface === 'metrics',
    );
    const text = await (await fetch(`http://127.0.0.1:${String(port)}/metrics`)).text();
    return Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${name} `))
        ?.slice(name.length + 1) ?? Number.NaN,
    );
  };

  for (const protocol of ['UDP', 'TCP'] as const) {
    for (const method of ['NOTIFY', 'MESSAGE', 'INVITE']) {
      it(`carries ${method} to an agent behind NAT over the ${protocol} flow that it opened, whatever its Contact says`, async () => {
        const peer = await agent(protocol);
        const registered = await register(peer, protocol);
        const [request, response] = await fromInside(registered, method);
        expect(response.status).to.equal(200);
        const delivered = peer.received.find((entry) => entry.request.callId === request.callId);
        expect(delivered?.protocol).to.equal(protocol);
        expect(delivered?.request.uri).to.equal('sip:agent@192.0.2.1:5060');
        expect(delivered?.request.has('Route')).to.equal(false);
        expect(delivered?.request.topVia?.protocol).to.equal(protocol);
      });
    }

    it(`keeps a dialog that was set up over ${protocol} on its flow, in both directions`, async () => {
      const peer = await agent(protocol);
      const registered = await register(peer, protocol);
      peer.answer = (request) => {
        const response = request.createResponse(200);
        response.append('Contact', BEHIND_NAT);
        return response;
      };
      const [invite, answer] = await fromInside(registered, 'INVITE');
      const routes = answer.values('Record-Route');
      expect(routes.length, 'one value a side').to.equal(2);
      // The caller's route set is the other way round (RFC 3261 12.1.2).
      const bye = invite.clone();
      const next = server.createRequest('BYE', 'sip:agent@192.0.2.1:5060', 'sip:server@example.com');
      next.set('Call-ID', bye.callId);
      next.set('From', invite.header('From') ?? '');
      next.set('To', answer.header('To') ?? '');
      next.append('Route', routes.toReversed().join(', '));
      const bye200 = await server.send(next, inside, 'UDP');
      expect(bye200.status).to.equal(200);
      expect((await peer.waitFor(({ request }) => request.method === 'BYE')).protocol).to.equal(protocol);

      // And from the agent, whose own token leads nowhere but to its proof.
      const reply = peer.createRequest('INFO', `sip:server@127.0.0.1:${server.port}`, 'sip:agent@192.0.2.1');
      reply.set('Call-ID', invite.callId);
      reply.set('From', `<${me.impu}>;tag=x`);
      reply.set('To', invite.header('From') ?? '');
      reply.append('Route', routes.join(', '));
      expect((await peer.sendWith(reply, me, agents, protocol)).status).to.equal(200);
      expect((await server.waitFor(({ request }) => request.method === 'INFO')).protocol).to.equal('UDP');
    });
  }

  it('takes requests from inside over TCP too, trusted by the same addresses', async () => {
    const peer = await agent('UDP');
    const registered = await register(peer, 'UDP');
    const request = server.createRequest('MESSAGE', 'sip:agent@192.0.2.1:5060', 'sip:server@example.com');
    for (const path of registered.headers('Path')) request.append('Route', path);
    expect((await server.send(request, inside, 'TCP')).status).to.equal(200);
    expect((await peer.waitFor((entry) => entry.request.callId === request.callId)).protocol).to.equal('UDP');
  });

  it('carries a request from inside to an agent on IPv6', async () => {
    const gateway6 = { address: '::1', port: await system.listenerPort('agents6') };
    for (const protocol of ['UDP', 'TCP'] as const) {
      const peer = await agent(protocol, '::1');
      const registered = await register(peer, protocol, undefined, gateway6);
      const [request, response] = await fromInside(registered);
      expect(response.status, protocol).to.equal(200);
      const delivered = peer.received.find((entry) => entry.request.callId === request.callId);
      expect(delivered?.request.topVia?.host).to.equal('::1');
    }
  });

  it('puts a token and `ob` into Path, and says Flow-Timer, when the agent supports outbound', async () => {
    const peer = await agent('TCP');
    const registered = await register(peer, 'TCP', outbound);
    const path = registered.values('Path').map((value) => parseUri(value.slice(1, -1)));
    const [departure, arrival] = path;
    expect(departure && 'host' in departure && departure.user).to.equal(undefined);
    expect(arrival)
      .to.have.property('user')
      .that.matches(/^[A-Za-z0-9_-]{34}$/);
    expect(arrival && 'host' in arrival && [...arrival.parameters.keys()]).to.deep.equal([
      'transport',
      'lr',
      'ob',
      'osg',
    ]);
    expect(registered.header('Flow-Timer')).to.equal('120');
    expect((await register(await agent('UDP'), 'UDP', outbound)).header('Flow-Timer')).to.equal('1');
    expect((await register(await agent('UDP'), 'UDP')).header('Flow-Timer')).to.equal(undefined);
  });

  it('offers no outbound when another proxy stands between the agent and the gateway (RFC 5626 5.1)', async () => {
    const peer = await agent('UDP');
    peer.viaBelow = 'SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKbelow';
    const registered = await register(peer, 'UDP', outbound);
    expect(registered.headers('Path').join()).to.not.contain(';ob');
    expect(registered.header('Flow-Timer')).to.equal(undefined);
    peer.viaBelow = undefined;
    expect((await register(peer, 'UDP', outbound)).headers('Path').join()).to.contain(';ob');
  });

  it('follows a flow token that a strict router inside has put into the Request-URI (RFC 3261 16.12.1.2)', async () => {
    const peer = await agent('TCP');
    const registered = await register(peer, 'TCP');
    const [first = '', second = ''] = registered.values('Path');
    // The strict router takes the topmost Route for the Request-URI, and puts the Request-URI at the end of Route.
    const request = server.createRequest('MESSAGE', first.slice(1, -1), 'sip:server@example.com');
    request.append('Route', `${second}, <sip:agent@192.0.2.1:5060>`);
    expect((await server.send(request, inside, 'UDP')).status).to.equal(200);
    const delivered = peer.received.find((entry) => entry.request.callId === request.callId);
    expect(delivered?.request.uri).to.equal('sip:agent@192.0.2.1:5060');
    expect(delivered?.request.has('Route')).to.equal(false);
  });

  it('sends a request of a dialog on to a strict router inside', async () => {
    const peer = await agent('UDP');
    server.answer = (request) => {
      const response = request.createResponse(200);
      response.append('Contact', '<sip:service@192.0.2.20>');
      // A router between us and the server that wants its own name in the Request-URI.
      response.append('Record-Route', `<sip:127.0.0.1:${server.port}>`);
      return response;
    };
    try {
      const subscribe = peer.createRequest('SUBSCRIBE', 'sip:strict@strict.example.com', me.impu);
      subscribe.append('Event', 'presence');
      const answer = await peer.sendWith(subscribe, me, agents, 'UDP');
      expect(answer.status).to.equal(200);
      const strict = `sip:127.0.0.1:${server.port}`;
      const refresh = peer.createRequest('SUBSCRIBE', 'sip:service@192.0.2.20', me.impu);
      for (const name of ['Call-ID', 'From', 'Event']) refresh.set(name, subscribe.header(name) ?? '');
      refresh.set('To', answer.header('To') ?? '');
      const own = answer.values('Record-Route').filter((value) => value.includes('osg='));
      refresh.append('Route', [...own.toReversed(), `<${strict}>`].join(', '));
      expect((await peer.sendWith(refresh, me, agents, 'UDP')).status).to.equal(200);
      const arrived = server.received.at(-1)?.request;
      expect(arrived?.uri).to.equal(strict);
      expect(arrived?.values('Route')).to.deep.equal(['<sip:service@192.0.2.20>']);
    } finally {
      server.answer = undefined;
    }
  });

  it('answers a request whose end nobody can tell, and closes its connection (RFC 3261 18.3)', async () => {
    for (const [field, status] of [
      ['Subject: x', 400],
      ['Content-Length: 4294967328', 400],
      ['Content-Length: 2147483647', 413],
    ] as const) {
      const stream = connect({ host: '127.0.0.1', port: agents.port });
      const request = server.createRequest('MESSAGE', 'sip:bob@example.com', me.impu);
      request.prepend('Via', 'SIP/2.0/TCP 192.0.2.1;branch=z9hG4bKunframed');
      stream.write(request.toText().replace('Content-Length: 0', field));
      const [answer] = (await once(stream, 'data')) as [Buffer];
      expect(answer.toString(), field).to.match(new RegExp(`^SIP/2.0 ${status} `));
      await once(stream, 'close');
    }
  });

  it('answers 430 when the TCP connection of the agent is gone', async () => {
    const peer = await agent('TCP');
    const registered = await register(peer, 'TCP');
    expect((await fromInside(registered))[1].status).to.equal(200);
    await peer.close();
    await delay(50);
    const [, response] = await fromInside(registered);
    expect(`${response.status} ${response.reason}`).to.equal('430 Flow Failed');
  });

  it('answers 430 when a UDP flow was silent for longer than its Flow-Timer and the grace', async () => {
    const peer = await agent('UDP');
    const registered = await register(peer, 'UDP', outbound);
    expect((await fromInside(registered))[1].status).to.equal(200);
    await delay(2200);
    expect((await fromInside(registered))[1].status).to.equal(430);
  });

  it('keeps a UDP flow that sends keepalives: STUN, CRLF', async () => {
    const peer = await agent('UDP');
    const registered = await register(peer, 'UDP', outbound);
    const binding = Buffer.from('000100002112a442b7e7a701bc34d686fa87dfae', 'hex');
    for (let count = 0; count < 6; count++) {
      await delay(600);
      peer.transport('UDP').send(count % 2 === 0 ? binding : Buffer.from('\r\n\r\n'), agents);
    }
    await delay(50);
    expect((await fromInside(registered))[1].status).to.equal(200);
  });

  it('answers 430 for a token that it did not make, and follows none that an agent brings along', async () => {
    const victim = await agent('TCP');
    const registered = await register(victim, 'TCP');
    const path = registered.headers('Path').join(', ');
    const token = /sip:([A-Za-z0-9_-]{34})@/.exec(path)?.[1] ?? '';
    const forged = registered.clone();
    forged.remove('Path');
    forged.append('Path', path.replace(token, `${token.slice(0, -1)}${token.endsWith('A') ? 'Q' : 'A'}`));
    expect((await fromInside(forged))[1].status).to.equal(430);

    // Another agent uses the victim's route set.
    const intruder = await agent('UDP');
    const request = intruder.createRequest('MESSAGE', 'sip:agent@192.0.2.1:5060', me.impu);
    request.set('Call-ID', 'guessed');
    request.append('Route', path);
    const response = await intruder.sendWith(request, me, agents, 'UDP');
    expect(response.status).to.be.oneOf([403, 404]);
    expect(victim.received.some((entry) => entry.request.callId === 'guessed')).to.equal(false);
  });

  it('says `keep` in the Via of its answer when the agent asks for it (RFC 6223)', async () => {
    const peer = await agent('UDP');
    peer.viaParameters = ';keep';
    expect((await register(peer, 'UDP')).topVia?.parameters.get('keep')).to.equal('1');
    const tcp = await agent('TCP');
    tcp.viaParameters = ';keep';
    expect((await register(tcp, 'TCP')).topVia?.parameters.get('keep')).to.equal('120');
    tcp.viaParameters = '';
    expect((await register(tcp, 'TCP')).header('Via')).to.not.contain('keep');
  });

  it('answers STUN and CRLFCRLF on the SIP port, and CRLFCRLF on a connection', async () => {
    const socket = createSocket('udp4');
    try {
      socket.bind(0, '127.0.0.1');
      await once(socket, 'listening');
      socket.send(Buffer.from('000100002112a442b7e7a701bc34d686fa87dfae', 'hex'), agents.port, '127.0.0.1');
      const [binding] = (await once(socket, 'message')) as [Buffer];
      expect(binding.toString('hex', 0, 2)).to.equal('0101');
      expect(binding.readUInt16BE(26) ^ 0x2112).to.equal(socket.address().port);
      socket.send('\r\n\r\n', agents.port, '127.0.0.1');
      const [pong] = (await once(socket, 'message')) as [Buffer];
      expect(pong.toString()).to.equal('\r\n');
    } finally {
      socket.close();
    }
    const stream = connect({ host: '127.0.0.1', port: agents.port });
    stream.write('\r\n\r\n');
    const [pong] = (await once(stream, 'data')) as [Buffer];
    expect(pong.toString()).to.equal('\r\n');
    stream.destroy();
    expect(await metric('osgate_sip_keepalives_total{kind="stun"}')).to.be.at.least(1);
  });

  it('remembers no flow of a peer that has not authenticated, nor more than its bound', async () => {
    const before = await metric('osgate_sip_flows_total{kind="entered"}');
    const stranger = await agent('TCP');
    await stranger.send(stranger.createRequest('SUBSCRIBE', 'sip:bob@example.com', me.impu), agents, 'TCP');
    expect(await metric('osgate_sip_flows_total{kind="entered"}')).to.equal(before);
    let last: SipResponse | undefined;
    for (let count = 0; count < 41; count++) last = await register(await agent('TCP'), 'TCP', outbound);
    expect(await metric('osgate_sip_flows')).to.equal(40);
    expect(await metric('osgate_sip_flows_total{kind="refusedTableFull"}')).to.be.at.least(1);
    // Without a flow the gateway does not promise outbound; the registrar then answers 439, or registers plainly.
    expect(last?.headers('Path').join()).to.not.contain(';ob');
    expect(last?.header('Flow-Timer')).to.equal(undefined);
  });
});
