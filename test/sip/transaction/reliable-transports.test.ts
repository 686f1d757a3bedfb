import { expect } from 'chai';

import type { ServerTransaction } from '../../../sip/index.ts';
import { MemoryNetwork } from '../../support/memory-network.ts';
import { makeRequest, SipNode } from '../../support/sip-node.ts';
import { VirtualScheduler } from '../../support/virtual-scheduler.ts';

describe('SIP transactions over reliable transports, under virtual time', () => {
  let scheduler: VirtualScheduler;
  let network: MemoryNetwork;
  let alice: SipNode;
  let bob: SipNode;

  beforeEach(() => {
    scheduler = new VirtualScheduler();
    network = new MemoryNetwork(scheduler);
    alice = new SipNode(network, scheduler, 5060, undefined, 'TCP');
    bob = new SipNode(network, scheduler, 5070, undefined, 'TCP');
  });

  const reply = (status: number) => (transaction: ServerTransaction) => {
    transaction.respond(transaction.request.createResponse(status));
  };

  const left = (): number => alice.engine.transactionCount + bob.engine.transactionCount;

  it('names the transport in Via and sends a request once: no timer A, no timer E', () => {
    alice.send(makeRequest('MESSAGE'), bob);
    alice.send(makeRequest('INVITE'), bob);
    scheduler.advance(31_000);
    expect(bob.datagrams.length).to.equal(2);
    expect(bob.datagrams[0]).to.contain('Via: SIP/2.0/TCP 192.0.2.1:5060;branch=');
  });

  it('still gives up after 32 s (timers B and F)', () => {
    const outcomes = ['MESSAGE', 'INVITE'].map((method) => alice.send(makeRequest(method), bob));
    scheduler.advance(31_999);
    expect(outcomes.map(({ timeouts }) => timeouts)).to.deep.equal([0, 0]);
    scheduler.advance(1);
    expect(outcomes.map(({ timeouts }) => timeouts)).to.deep.equal([1, 1]);
  });

  it('forgets a non-INVITE transaction with its final response (timers J and K are zero)', () => {
    bob.onServerTransaction = reply(200);
    const outcome = alice.send(makeRequest('MESSAGE'), bob);
    scheduler.advance(3);
    expect(outcome.statuses).to.deep.equal([200]);
    expect(left()).to.equal(0);
    expect(scheduler.size, 'timers').to.equal(0);
  });

  it('forgets a failed INVITE with its ACK (timers D and I are zero) and sends its answer once (no timer G)', () => {
    bob.onServerTransaction = reply(486);
    const outcome = alice.send(makeRequest('INVITE'), bob);
    scheduler.advance(5);
    expect(outcome.statuses).to.deep.equal([486]);
    expect(bob.count('ACK')).to.equal(1);
    expect(left()).to.equal(0);
    expect(scheduler.size, 'timers').to.equal(0);
  });

  it('sends an answer that nobody acknowledges once, and waits for timer H', () => {
    bob.onServerTransaction = reply(486);
    const send = alice.transport.send.bind(alice.transport);
    alice.transport.send = (message, peer) => message.toString('latin1').startsWith('ACK') || send(message, peer);
    alice.send(makeRequest('INVITE'), bob);
    scheduler.advance(31_000);
    expect(alice.count('SIP/2.0 486')).to.equal(1);
    expect(bob.engine.transactionCount).to.equal(1);
    scheduler.advance(2000);
    expect(bob.engine.transactionCount).to.equal(0);
  });

  it('tells the user of a failed connection at once, and of no other one', () => {
    const carol = new SipNode(network, scheduler, 5080, undefined, 'TCP');
    const lost = ['MESSAGE', 'INVITE'].map((method) => alice.send(makeRequest(method), bob));
    const kept = alice.send(makeRequest('MESSAGE'), carol);
    scheduler.advance(10);
    alice.engine.flowFailed(alice.flowTo(bob));
    expect(lost.map(({ transportErrors, timeouts }) => [transportErrors, timeouts])).to.deep.equal([
      [1, 0],
      [1, 0],
    ]);
    expect(kept.transportErrors).to.equal(0);
    scheduler.advance(400_000);
    expect(lost.map(({ transportErrors, timeouts }) => [transportErrors, timeouts])).to.deep.equal([
      [1, 0],
      [1, 0],
    ]);
    expect(alice.engine.transactionCount).to.equal(0);
  });

  it('tells the user when the transport does not take a request, but not before `request` has returned', () => {
    alice.transport.send = () => false;
    const outcomes = ['MESSAGE', 'INVITE'].map((method) => alice.send(makeRequest(method), bob));
    expect(outcomes.map(({ transportErrors }) => transportErrors)).to.deep.equal([0, 0]);
    scheduler.advance(1);
    expect(outcomes.map(({ transportErrors }) => transportErrors)).to.deep.equal([1, 1]);
    expect(alice.engine.transactionCount).to.equal(0);
  });

  it('collects unreachable peers of datagrams and ends their transactions within 50 ms', () => {
    const dora = new SipNode(network, scheduler, 5090);
    const elsewhere = new SipNode(network, scheduler, 5091);
    const outcome = dora.send(makeRequest('MESSAGE'), elsewhere);
    for (let count = 0; count < 100; count++) dora.engine.flowFailed(dora.flowTo(elsewhere));
    expect(outcome.transportErrors).to.equal(0);
    scheduler.advance(50);
    expect(outcome.transportErrors).to.equal(1);
  });

  it('answers at the port of sent-by when the connection of the request is gone (RFC 3261 18.2.2)', () => {
    // The request comes from an ephemeral port, as from a connection that the client opened.
    const client = network.open(40_000, () => undefined, 'TCP');
    const request = makeRequest('MESSAGE');
    request.prepend('Via', 'SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bKgone;rport');
    client.send(request.toBuffer(), bob.transport.local);
    scheduler.advance(1);
    network.disconnected.add(40_000);
    const [transaction] = bob.requests;
    transaction?.respond(transaction.request.createResponse(200));
    scheduler.advance(1);
    expect(alice.count('SIP/2.0 200')).to.equal(1);
  });
});
