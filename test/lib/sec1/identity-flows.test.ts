import { expect } from 'chai';

import { FlowTable, IdentityFlows, type AgentFlow } from '../../../lib/sec1/index.ts';
import type { Flow } from '../../../sip/index.ts';
import { fakeListener, silentTransport } from '../../support/fake-listener.ts';

describe('flows by identity', () => {
  const udp = silentTransport('UDP');
  const listener = fakeListener('agents', udp);
  const flowOf = (port: number): Flow => ({ transport: udp, peer: { address: '192.0.2.1', port } });
  const owner = (...identities: string[]) => ({ subject: 'alice', identities, required: true, keptAlive: true });
  const agentFlow = (port: number): AgentFlow => ({
    ...{ ...flowOf(port), listener, subject: 'alice', serial: port, required: true, keptAlive: true },
    ...{ since: 0, lastSeen: 0 },
  });
  let now: number;
  let identities: IdentityFlows;
  let table: FlowTable;

  beforeEach(() => {
    now = 0;
    identities = new IdentityFlows();
    table = new FlowTable({
      now: () => now,
      maximumFlows: 3,
      keptAliveIdleMilliseconds: 90,
      silentIdleMilliseconds: 90,
      firstSerial: 0,
      identities,
    });
  });

  it('has the newest flow first, and one that is renewed is the newest', () => {
    const first = table.enter(flowOf(1), listener, owner('a@example.com', 'sip:a@example.com'));
    const second = table.enter(flowOf(2), listener, owner('a@example.com'));
    expect(identities.find('a@example.com')).to.deep.equal([second, first]);
    expect(identities.find('sip:a@example.com')).to.deep.equal([first]);
    table.enter(flowOf(1), listener, owner('a@example.com', 'sip:a@example.com'));
    expect(identities.find('a@example.com')).to.deep.equal([first, second]);
  });

  it('follows the table: what expired or closed, or did not get in, is not found', () => {
    for (const port of [1, 2, 3, 4]) table.enter(flowOf(port), listener, owner('a@example.com'));
    expect(identities.find('a@example.com')).to.have.length(3);
    table.closed(flowOf(2));
    expect(identities.find('a@example.com')).to.have.length(2);
    now = 90;
    table.sweep();
    table.sweep();
    expect(identities.find('a@example.com')).to.deep.equal([]);
    expect(identities.size).to.equal(0);
  });

  it('gives a flow to whoever authenticated on it last', () => {
    const flow = table.enter(flowOf(1), listener, owner('a@example.com'));
    table.enter(flowOf(1), listener, owner('b@example.com'));
    expect(identities.find('a@example.com')).to.deep.equal([]);
    expect(identities.find('b@example.com')).to.deep.equal([flow]);
  });

  it('finds the 8 newest flows of an identity, and counts the others; one that is renewed is found again', () => {
    const flows = Array.from({ length: 9 }, (_, port) => agentFlow(port));
    for (const flow of flows) identities.entered(flow, ['a@example.com']);
    expect(identities.find('a@example.com')).to.deep.equal(flows.slice(1).reverse());
    expect(identities.counters.flowsIgnored).to.equal(1);
    const [oldest = agentFlow(0), next] = flows;
    identities.entered(oldest, ['a@example.com']);
    const found = identities.find('a@example.com');
    expect(found[0]).to.equal(oldest);
    expect(found).to.have.length(8).and.not.include(next);
    for (const flow of flows) identities.removed(flow);
    expect(identities.size).to.equal(0);
  });

  it('keeps 16 identities of an agent, each once, and counts the others', () => {
    const many = Array.from({ length: 20 }, (_, number) => `sip:a${number}@example.com`);
    table.enter(flowOf(1), listener, owner(...many, 'sip:a0@example.com'));
    expect(identities.size).to.equal(16);
    expect(identities.find('sip:a0@example.com')).to.have.length(1);
    expect(identities.counters.identitiesIgnored).to.equal(4);
  });

  it('finds a flow that was handed over by what its agent called itself', () => {
    table.adopt(flowOf(1), listener, { subject: 'sip:a@example.com', required: true, keptAlive: true, serial: 7 });
    expect(identities.find('sip:a@example.com')).to.have.length(1);
  });
});
