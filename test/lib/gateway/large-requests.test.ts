import { expect } from 'chai';

import { writeAgentsCsv, type AgentsCsv } from '../../../scenarios/support/agents-csv.ts';
import { SipPeer } from '../../../scenarios/support/sip-peer.ts';
import { scenarioSubscriber } from '../../../scenarios/support/subscribers.ts';
import { System } from '../../../scenarios/support/system.ts';

/** Octets of a body that make a request large, and one that leave it small. */
const LARGE = 2000;
const SMALL = 10;

describe('requests too large for UDP, through the gateway as a process (RFC 3261 18.1.1)', function () {
  this.timeout(60_000);
  let system: System;
  let me: AgentsCsv['agents'][number];
  let both: SipPeer;
  let udpOnly: SipPeer;
  let tcpOnly: SipPeer;
  let agent: SipPeer;

  before(async () => {
    const subscribers = [scenarioSubscriber(0)];
    [both, udpOnly, tcpOnly, agent] = await Promise.all([
      SipPeer.open(),
      SipPeer.open(['UDP']),
      SipPeer.open(['TCP']),
      SipPeer.open(),
    ]);
    const group = (name: string, ...peers: SipPeer[]): object => ({
      name,
      domains: [`${name}.example.com`],
      targets: peers.map(({ port }) => `sip:127.0.0.1:${port}`),
      responseTimeoutMilliseconds: 700,
    });
    system = await System.start({
      subscribers,
      metrics: true,
      gateway: { datagrams: { tcpRetrySeconds: 1 } },
      sec3: () => [group('both', both), group('udp', udpOnly), group('failover', tcpOnly, both)],
    });
    [me] = (await writeAgentsCsv(system, subscribers)).agents as [AgentsCsv['agents'][number]];
  });

  after(async () => {
    await Promise.all([both, udpOnly, tcpOnly, agent].map((peer) => peer.close()));
    expect(await system.stop()).to.deep.equal([0, 0, 0]);
  });

  /** Sends a MESSAGE of that size to a domain and tells how it came out at `target`. */
  const deliver = async (domain: string, octets: number, target: SipPeer): Promise<string> => {
    const request = agent.createRequest('MESSAGE', `sip:bob@${domain}.example.com`, me.impu);
    request.setBody('x'.repeat(octets), 'text/plain');
    const gateway = { address: '127.0.0.1', port: system.gatewayPort };
    const response = await agent.sendWith(request, me, gateway, 'UDP');
    expect(response.status).to.equal(200);
    const found = target.received.filter((entry) => entry.request.callId === request.callId);
    expect(found.length, 'copies').to.equal(1);
    const [delivered] = found;
    expect(delivered?.request.topVia?.protocol, 'the top Via says how').to.equal(delivered?.protocol);
    expect(delivered?.request.body.length).to.equal(octets);
    return delivered?.protocol ?? '';
  };

  const outcomes = async (): Promise<number[]> => {
    const { port } = await system.gateway.waitFor(
      'metrics',
      (record) => record.event === 'listening' && record.interface === 'metrics',
    );
    const text = await (await fetch(`http://127.0.0.1:${String(port)}/metrics`)).text();
    return ['tcp', 'refused', 'udp'].map((outcome) => {
      const name = `osgate_sip_large_requests_total{outcome="${outcome}"} `;
      return Number(
        text
          .split('\n')
          .find((line) => line.startsWith(name))
          ?.slice(name.length),
      );
    });
  };

  it('lesson 31: a large request goes over TCP where the target takes it, the next small one over UDP again', async () => {
    expect(await deliver('both', SMALL, both)).to.equal('UDP');
    expect(await deliver('both', LARGE, both)).to.equal('TCP');
    expect(await deliver('both', SMALL, both), 'never sticky').to.equal('UDP');
    expect(await deliver('both', LARGE, both)).to.equal('TCP');
    const connections = both.received.filter(({ protocol }) => protocol === 'TCP').map(({ flow }) => flow.peer.port);
    expect(connections.length).to.equal(2);
    expect(new Set(connections).size, 'one connection for both').to.equal(1);
  });

  it('lesson 31: TCP refused means UDP, with a warning and a metric, and TCP is asked again only after a while', async () => {
    const [, refused = 0, udp = 0] = await outcomes();
    expect(await deliver('udp', LARGE, udpOnly)).to.equal('UDP');
    const warning = await system.gateway.waitFor('the warning', (record) => record.event === 'tcp-refused');
    expect(warning).to.include({ port: udpOnly.port, address: '127.0.0.1' });
    expect(await deliver('udp', LARGE, udpOnly)).to.equal('UDP');
    expect((await outcomes()).slice(1)).to.deep.equal([refused + 1, udp + 1]);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect(await deliver('udp', LARGE, udpOnly)).to.equal('UDP');
    expect((await outcomes()).slice(1), 'asked again').to.deep.equal([refused + 2, udp + 1]);
  });

  it('lesson 31: what TCP carries does not make a target alive for UDP: a small request goes to the next one', async () => {
    expect(await deliver('failover', LARGE, tcpOnly)).to.equal('TCP');
    expect(await deliver('failover', SMALL, both)).to.equal('UDP');
    expect(tcpOnly.received.length).to.equal(1);
  });
});
