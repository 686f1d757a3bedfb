import { expect } from 'chai';
import fc from 'fast-check';

import type { Peer, ServerTransaction } from '../../../sip/index.ts';
import { MemoryNetwork } from '../../support/memory-network.ts';
import { makeRequest, SipNode } from '../../support/sip-node.ts';
import { VirtualScheduler } from '../../support/virtual-scheduler.ts';

describe('SIP transactions under virtual time', () => {
  let scheduler: VirtualScheduler;
  let network: MemoryNetwork;
  let alice: SipNode;
  let bob: SipNode;

  beforeEach(() => {
    scheduler = new VirtualScheduler();
    network = new MemoryNetwork(scheduler);
    alice = new SipNode(network, scheduler, 5060);
    bob = new SipNode(network, scheduler, 5070);
  });

  const reply = (status: number) => (transaction: ServerTransaction) => {
    transaction.respond(transaction.request.createResponse(status));
  };

  /** Lets everything end and checks that nothing is left. */
  const settle = (): void => {
    scheduler.advance(400_000);
    expect(alice.engine.transactionCount + bob.engine.transactionCount, 'transactions left').to.equal(0);
    expect(scheduler.size, 'timers left').to.equal(0);
  };

  it('carries a request and its answer, and forgets both', () => {
    bob.onServerTransaction = reply(200);
    const outcome = alice.send(makeRequest('MESSAGE'), bob);
    scheduler.advance(10);
    expect(outcome.statuses).to.deep.equal([200]);
    expect(bob.engine.pendingCount).to.equal(0);
    settle();
  });

  it('answers over the association that a request came by, also a copy of it that comes from another address', () => {
    bob.onServerTransaction = reply(200);
    const request = makeRequest('MESSAGE');
    request.prepend('Via', 'SIP/2.0/DTLS-UDP 192.0.2.55:5061;branch=z9hG4bKmoves');
    const sent: (number | undefined)[] = [];
    const transport = { ...bob.transport, send: (_: Buffer, peer: Peer) => sent.push(peer.port) > 0 };
    const from = (port: number, association: number) => ({
      transport,
      peer: { address: '192.0.2.1', port, association },
    });
    bob.engine.receive(request.toBuffer(), from(1000, 1));
    bob.engine.receive(request.toBuffer(), from(2000, 1));
    expect(sent, 'neither to sent-by nor to the old address').to.deep.equal([1000, 2000]);
    expect(bob.requests.length).to.equal(1);
    bob.engine.receive(request.toBuffer(), from(3000, 2));
    expect(bob.requests.length, 'another association has transactions of its own').to.equal(2);
    settle();
  });

  it('sends a non-INVITE again after 500, 1000, 2000, 4000, 4000 ... ms and gives up after 32 s (timers E, F)', () => {
    network.loss = 1;
    const sent: number[] = [];
    const { transport } = alice;
    const send = transport.send.bind(transport);
    transport.send = (message, peer) => {
      sent.push(scheduler.now());
      return send(message, peer);
    };
    const outcome = alice.send(makeRequest('MESSAGE'), bob);
    scheduler.advance(31_999);
    expect(outcome.timeouts).to.equal(0);
    scheduler.advance(1);
    expect(outcome.timeouts).to.equal(1);
    expect(sent).to.deep.equal([0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
    settle();
  });

  it('sends an INVITE again with doubling intervals until a provisional response (timers A, B)', () => {
    const outcome = alice.send(makeRequest('INVITE'), bob);
    scheduler.advance(8000);
    expect(bob.count('INVITE')).to.equal(5);
    expect(bob.requests.length, 'retransmissions are absorbed').to.equal(1);
    bob.requests[0]?.respond(bob.requests[0].request.createResponse(180));
    scheduler.advance(100_000);
    expect(bob.count('INVITE')).to.equal(5);
    expect(outcome.statuses).to.deep.equal([180]);
    expect(outcome.timeouts).to.equal(0);
    bob.requests[0]?.respond(bob.requests[0].request.createResponse(486));
    settle();
    expect(outcome.statuses).to.deep.equal([180, 486]);
  });

  it('gives an unanswered INVITE up after 32 s', () => {
    network.loss = 1;
    const outcome = alice.send(makeRequest('INVITE'), bob);
    scheduler.advance(32_000);
    expect(outcome.timeouts).to.equal(1);
    settle();
  });

  it('answers a retransmission with the same response, and the user never sees it', () => {
    bob.onServerTransaction = reply(200);
    const request = makeRequest('MESSAGE');
    alice.send(request, bob);
    scheduler.advance(10);
    const first = bob.datagrams[0] ?? '';
    alice.transport.send(Buffer.from(first, 'latin1'), bob.transport.local);
    scheduler.advance(10);
    expect(bob.requests.length).to.equal(1);
    expect(alice.count('SIP/2.0 200')).to.equal(2);
    expect(alice.datagrams[0]).to.equal(alice.datagrams[1]);
    expect(bob.engine.counters.retransmissionsIn).to.equal(1);
    settle();
  });

  it('repeats a failure of an INVITE until its ACK comes (timers G, H, I), which the client sends for each', () => {
    bob.onServerTransaction = reply(486);
    const outcome = alice.send(makeRequest('INVITE'), bob);
    scheduler.advance(100);
    expect(bob.count('ACK')).to.equal(1);
    expect(bob.acks.length, 'the ACK of a failure ends in the transaction').to.equal(0);
    scheduler.advance(20_000);
    expect(alice.count('SIP/2.0 486')).to.equal(1);
    expect(outcome.statuses).to.deep.equal([486]);
    settle();
  });

  it('repeats a failure that is never acknowledged for 32 s, not for ever', () => {
    bob.onServerTransaction = reply(486);
    const { transport } = alice;
    const send = transport.send.bind(transport);
    transport.send = (message, peer) => {
      return message.toString('latin1').startsWith('ACK') || send(message, peer);
    };
    alice.send(makeRequest('INVITE'), bob);
    settle();
    expect(alice.count('SIP/2.0 486')).to.be.within(9, 12);
  });

  it('RFC 6026: passes every 2xx of an INVITE on, absorbs the INVITE, and hands the ACK to the user', () => {
    const outcome = alice.send(makeRequest('INVITE'), bob);
    scheduler.advance(10);
    const [transaction] = bob.requests;
    const answer = transaction?.request.createResponse(200);
    if (transaction === undefined || answer === undefined) throw new Error('no INVITE came');
    transaction.respond(answer);
    scheduler.advance(500);
    transaction.respond(answer);
    scheduler.advance(10);
    expect(outcome.statuses).to.deep.equal([200, 200]);
    alice.transport.send(Buffer.from(bob.datagrams[0] ?? '', 'latin1'), bob.transport.local);
    const ack = makeRequest('ACK');
    alice.engine.sendStateless(ack, alice.flowTo(bob));
    scheduler.advance(10);
    expect(bob.requests.length).to.equal(1);
    expect(bob.acks.length).to.equal(1);
    settle();
  });

  it('sends CANCEL only when a provisional response came, with branch and CSeq of the INVITE', () => {
    const outcome = alice.send(makeRequest('INVITE'), bob);
    outcome.transaction?.cancel();
    scheduler.advance(10);
    expect(bob.count('CANCEL')).to.equal(0);
    const [transaction] = bob.requests;
    transaction?.respond(transaction.request.createResponse(180));
    scheduler.advance(10);
    expect(bob.count('CANCEL')).to.equal(1);
    expect(bob.cancelled).to.deep.equal([transaction]);
    const invite = bob.datagrams.find((text) => text.startsWith('INVITE')) ?? '';
    const cancel = bob.datagrams.find((text) => text.startsWith('CANCEL')) ?? '';
    expect(/branch=[^;\s]+/.exec(cancel)?.[0]).to.equal(/branch=[^;\s]+/.exec(invite)?.[0]);
    expect(cancel).to.contain('CSeq: 1 CANCEL');
    transaction?.respond(transaction.request.createResponse(487));
    settle();
    expect(outcome.statuses).to.deep.equal([180, 487]);
  });

  it('gives up 32 s after a CANCEL that the peer answered, but not the INVITE (RFC 3261 9.1)', () => {
    const outcome = alice.send(makeRequest('INVITE'), bob);
    scheduler.advance(10);
    bob.requests[0]?.respond(bob.requests[0].request.createResponse(180));
    scheduler.advance(10);
    outcome.transaction?.cancel();
    scheduler.advance(33_000);
    expect(outcome.timeouts).to.equal(1);
    bob.requests[0]?.respond(bob.requests[0].request.createResponse(487));
    settle();
  });

  it('notes where a request really came from, and answers there (RFC 3581)', () => {
    bob.onServerTransaction = reply(200);
    const raw = (via: string): string =>
      `OPTIONS sip:bob@example.com SIP/2.0\r\nVia: ${via}\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b@b>\r\nCall-ID: ${via}\r\nCSeq: 1 OPTIONS\r\n\r\n`;
    alice.transport.send(Buffer.from(raw('SIP/2.0/UDP 10.0.0.1:9;branch=z9hG4bKx;rport')), bob.transport.local);
    scheduler.advance(10);
    expect(alice.datagrams[0]).to.contain('received=192.0.2.1').and.to.contain('rport=5060');
    // Without rport the port of sent-by counts, but never another address than the source.
    alice.transport.send(Buffer.from(raw('SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKy')), bob.transport.local);
    scheduler.advance(10);
    expect(alice.datagrams[1]).to.contain('received=192.0.2.1').and.not.to.contain('rport');
    settle();
  });

  it('matches requests of RFC 2543, whose branch says nothing', () => {
    bob.onServerTransaction = reply(200);
    const raw = (callId: string): Buffer =>
      Buffer.from(
        `OPTIONS sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b@b>\r\nCall-ID: ${callId}\r\nCSeq: 1 OPTIONS\r\n\r\n`,
      );
    for (const callId of ['one', 'one', 'two']) alice.transport.send(raw(callId), bob.transport.local);
    scheduler.advance(10);
    expect(bob.requests.length).to.equal(2);
    expect(alice.count('SIP/2.0 200')).to.equal(3);
    settle();
  });

  it('drops a response whose Via is not ours', () => {
    const response = makeRequest('OPTIONS');
    response.prepend('Via', 'SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKforeign');
    alice.transport.send(response.createResponse(200).toBuffer(), bob.transport.local);
    scheduler.advance(10);
    expect(bob.engine.counters.foreignResponses).to.equal(1);
    expect(bob.stray.length).to.equal(0);
  });

  it('answers what is malformed with 400 or 505, without state, and never an ACK', () => {
    const broken = (method: string, version = '2.0', extra = 'Call-ID: twice\r\n'): Buffer =>
      Buffer.from(
        `${method} sip:b@b SIP/${version}\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKm\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b@b>\r\nCall-ID: x\r\n${extra}CSeq: 1 ${method}\r\n\r\n`,
      );
    alice.transport.send(broken('OPTIONS'), bob.transport.local);
    alice.transport.send(broken('OPTIONS', '3.0', ''), bob.transport.local);
    alice.transport.send(broken('ACK'), bob.transport.local);
    alice.transport.send(Buffer.from('garbage'), bob.transport.local);
    alice.transport.send(Buffer.from('\r\n\r\n'), bob.transport.local);
    scheduler.advance(10);
    expect(alice.datagrams.map((text) => text.slice(8, 11)).sort()).to.deep.equal(['400', '505']);
    expect(bob.engine.counters.malformed).to.equal(4);
    expect(bob.engine.counters.keepAlives).to.equal(1);
    expect(bob.engine.transactionCount).to.equal(0);
  });

  it('answers what lacks a usable Via or more to where it came from, but never with more octets than came', () => {
    const send = (...lines: string[]): string | undefined => {
      alice.datagrams.length = 0;
      bob.engine.receive(Buffer.from([...lines, '', ''].join('\r\n')), bob.flowTo(alice));
      scheduler.advance(10);
      return alice.datagrams[0];
    };
    const broken = 'Via: SIP/2.0/UDP 198.51.100.1;;,;,,';
    const padding = `Subject: ${'x'.repeat(100)}`;
    const rest = ['From: <sip:a@b>;tag=1', 'To: <sip:c@d>', 'Call-ID: x', 'CSeq: 1 OPTIONS'];
    expect(send('OPTIONS sip:c@d SIP/2.0', broken, ...rest, padding)).to.match(
      /^SIP\/2\.0 400 .*\r\nVia: .*;;,;,,\r\n/,
    );
    expect(send('OPTIONS sip:c@d SIP/7.0', 'Via: SIP/7.0/UDP b', ...rest, padding)).to.match(/^SIP\/2\.0 505 /);
    expect(send('OPTIONS sip:c@d SIP/2.0', 'Via: SIP/2.0/UDP b;branch=z9hG4bK1', padding)).to.match(/^SIP\/2\.0 400 /);
    expect(send('OPTIONS sip:c@d; lr SIP/2.0', 'Via: SIP/2.0/UDP b', ...rest)).to.match(/^SIP\/2\.0 400 /);
    expect(send('OPTIONS sip:c@d SIP/2.0', 'Via: b')).to.equal(undefined);
    expect(send('OPTIONS sip:c@d SIP/2.0', ...rest, padding)).to.equal(undefined);
    expect(send('ACK sip:c@d SIP/2.0', broken, ...rest, padding)).to.equal(undefined);
  });

  it('refuses new requests with 503 and Retry-After when the table is full, and keeps the old ones', () => {
    const small = new SipNode(network, scheduler, 5080, { maxServerTransactions: 2, maxClientTransactions: 1 });
    const outcomes = [1, 2, 3].map(() => alice.send(makeRequest('MESSAGE'), small));
    scheduler.advance(10);
    expect(outcomes.map(({ statuses }) => statuses[0])).to.have.members([503, undefined, undefined]);
    expect(outcomes.find(({ statuses }) => statuses[0] === 503)?.responses[0]?.header('Retry-After')).to.equal('5');
    for (const transaction of small.requests) transaction.respond(transaction.request.createResponse(200));
    scheduler.advance(10);
    expect(outcomes.filter(({ statuses }) => statuses[0] === 200).length).to.equal(2);
    small.send(makeRequest('MESSAGE'), bob);
    expect(() => small.send(makeRequest('MESSAGE'), bob))
      .to.throw()
      .with.property('code', 'OSGATE_SIP_OVERLOADED');
    scheduler.advance(400_000);
    expect(small.engine.transactionCount).to.equal(0);
  });

  it('ends every transaction, and answers nearly every one, when a third of all datagrams is lost', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const time = new VirtualScheduler();
        const lossy = new MemoryNetwork(time, seed);
        lossy.loss = 0.3;
        lossy.delay = 40;
        const client = new SipNode(lossy, time, 5060);
        const server = new SipNode(lossy, time, 5070);
        server.onServerTransaction = (transaction) => {
          if (transaction.request.method === 'INVITE') reply(180)(transaction);
          reply(transaction.request.method === 'INVITE' ? 486 : 200)(transaction);
        };
        const outcomes = Array.from({ length: 20 }, (_, index) =>
          client.send(makeRequest(index % 2 === 0 ? 'MESSAGE' : 'INVITE'), server),
        );
        time.advance(400_000);
        for (const { statuses, timeouts } of outcomes) {
          expect(statuses.filter((status) => status >= 200).length + timeouts).to.equal(1);
        }
        expect(server.requests.length).to.be.at.most(20);
        expect(client.engine.transactionCount + server.engine.transactionCount + time.size).to.equal(0);
      }),
      { numRuns: 40 },
    );
  });
});
