import { expect } from 'chai';

import type { SipResponse, TransportProtocol } from '../../../../sip/index.ts';
import { writeAgentsCsv, type AgentsCsv } from '../../../../scenarios/support/agents-csv.ts';
import { SipPeer } from '../../../../scenarios/support/sip-peer.ts';
import { scenarioSubscriber } from '../../../../scenarios/support/subscribers.ts';
import { System } from '../../../../scenarios/support/system.ts';

/** So many servers that their requests arrive at both workers, however the kernel shares them out. */
const SERVERS = 12;

describe('flows of agents with two workers', function () {
  this.timeout(60_000);
  let system: System;
  let me: AgentsCsv['agents'][number];
  const servers: SipPeer[] = [];

  before(async () => {
    const subscribers = [scenarioSubscriber(0)];
    system = await System.start({ subscribers, workers: 2 });
    [me] = (await writeAgentsCsv(system, subscribers)).agents as [AgentsCsv['agents'][number]];
    for (let number = 0; number < SERVERS; number++) servers.push(await SipPeer.open(['UDP']));
  });

  after(async () => {
    await Promise.all(servers.map((server) => server.close()));
    expect(await system.stop()).to.deep.equal([0, 0, 0]);
  });

  const register = async (peer: SipPeer, protocol: TransportProtocol): Promise<SipResponse> => {
    const request = peer.createRequest('REGISTER', 'sip:example.com', me.impu);
    request.set('To', `<${me.impu}>`);
    const response = await peer.sendWith(request, me, { address: '127.0.0.1', port: system.gatewayPort }, protocol);
    expect(response.status).to.equal(200);
    return response;
  };

  for (const protocol of ['UDP', 'TCP'] as const) {
    it(`carries requests from inside over the ${protocol} flow of an agent, whichever worker they come to`, async () => {
      const inside = { address: '127.0.0.1', port: await system.listenerPort('inside') };
      const agent = await SipPeer.open([protocol]);
      agent.contact = '<sip:agent@192.0.2.1:5060>';
      try {
        const registered = await register(agent, protocol);
        const statuses = await Promise.all(
          servers.map(async (server) => {
            const request = server.createRequest('MESSAGE', 'sip:agent@192.0.2.1:5060', 'sip:server@example.com');
            for (const path of registered.headers('Path')) request.append('Route', path);
            return (await server.send(request, inside, 'UDP')).status;
          }),
        );
        expect(statuses).to.deep.equal(servers.map(() => 200));
        expect(agent.received.length).to.equal(SERVERS);
      } finally {
        await agent.close();
      }
    });
  }
});
