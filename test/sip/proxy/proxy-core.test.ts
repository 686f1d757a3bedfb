import { expect } from 'chai';

import {
  ProxyCore,
  type AckContext,
  type ProxyContext,
  type ProxyHandler,
  type ProxyTarget,
  type ServerTransaction,
  type SipResponse,
} from '../../../sip/index.ts';
import { MemoryNetwork } from '../../support/memory-network.ts';
import { makeRequest, SipNode, type Outcome } from '../../support/sip-node.ts';
import { VirtualScheduler } from '../../support/virtual-scheduler.ts';

describe('proxy core', () => {
  let scheduler: VirtualScheduler;
  let alice: SipNode;
  let proxy: SipNode;
  let one: SipNode;
  let two: SipNode;
  let contexts: ProxyContext[];
  let outcomes: string[];
  let targets: () => ProxyTarget[];

  beforeEach(() => {
    scheduler = new VirtualScheduler();
    const network = new MemoryNetwork(scheduler);
    alice = new SipNode(network, scheduler, 5060);
    proxy = new SipNode(network, scheduler, 5070);
    one = new SipNode(network, scheduler, 5081);
    two = new SipNode(network, scheduler, 5082);
    contexts = [];
    outcomes = [];
    targets = () => [to(one), to(two)];
    const handler: ProxyHandler = {
      onRequest(context) {
        contexts.push(context);
        context.forward(targets());
      },
      onAck(context: AckContext) {
        context.forward(proxy.flowTo(one));
      },
      onResponse(response: SipResponse) {
        response.set('X-Seen', 'yes');
      },
    };
    proxy.engine.setUser(
      new ProxyCore({
        engine: proxy.engine,
        scheduler,
        handler,
        isLocal: (uri) => uri.host === '192.0.2.1' && uri.port === 5070,
        loopSecret: Buffer.alloc(32, 1),
      }),
    );
  });

  const to = (node: SipNode): ProxyTarget => ({
    flow: proxy.flowTo(node),
    responseTimeout: 1000,
    onOutcome: (outcome) => outcomes.push(`${node === one ? 'one' : 'two'} ${outcome}`),
  });
  const answer = (status: number) => (transaction: ServerTransaction) => {
    transaction.respond(transaction.request.createResponse(status));
  };
  const finals = ({ statuses }: Outcome): number[] => statuses.filter((status) => status >= 200);
  const settle = (): void => {
    scheduler.advance(1_000_000);
    const left = [alice, proxy, one, two].map(({ engine }) => engine.transactionCount);
    expect(left).to.deep.equal([0, 0, 0, 0]);
    expect(scheduler.size, 'timers left').to.equal(0);
  };

  it('forwards with its own Via, one hop less, and the response without it', () => {
    one.onServerTransaction = answer(200);
    const outcome = alice.send(makeRequest('MESSAGE'), proxy);
    scheduler.advance(100);
    expect(outcome.statuses).to.deep.equal([200]);
    expect(one.requests[0]?.request.values('Via').length).to.equal(2);
    expect(one.requests[0]?.request.maxForwards).to.equal(69);
    expect(outcome.responses[0]?.values('Via').length).to.equal(1);
    expect(outcome.responses[0]?.header('X-Seen')).to.equal('yes');
    settle();
  });

  it('puts Record-Route and Path on top in the given order, and gives Max-Forwards where it lacks', () => {
    targets = () => [{ ...to(one), recordRoute: ['<sip:x;lr>', '<sip:y;lr>'], path: ['<sip:p;lr>'] }];
    const request = makeRequest('REGISTER');
    request.remove('Max-Forwards');
    request.append('Record-Route', '<sip:before;lr>');
    alice.send(request, proxy);
    scheduler.advance(10);
    const seen = one.requests[0]?.request;
    expect(seen?.values('Record-Route')).to.deep.equal(['<sip:x;lr>', '<sip:y;lr>', '<sip:before;lr>']);
    expect(seen?.values('Path')).to.deep.equal(['<sip:p;lr>']);
    expect(seen?.maxForwards).to.equal(70);
    one.requests[0]?.respond(seen?.createResponse(200) ?? makeRequest('X').createResponse(500));
    settle();
  });

  it('refuses what it must not forward: 483, 416, 420, 400, 481', () => {
    const hopless = makeRequest('MESSAGE');
    hopless.set('Max-Forwards', '0');
    const required = makeRequest('MESSAGE');
    required.set('Proxy-Require', 'sec-agree, other');
    const results = [
      hopless,
      makeRequest('MESSAGE', 'urn:isbn:1'),
      required,
      makeRequest('MESSAGE', 'sip:@'),
      makeRequest('CANCEL'),
    ].map((request) => alice.send(request, proxy));
    scheduler.advance(10);
    expect(results.map(({ statuses }) => statuses[0])).to.deep.equal([483, 416, 420, 400, 481]);
    expect(results[2]?.responses[0]?.header('Unsupported')).to.equal('sec-agree, other');
    expect(contexts.length).to.equal(0);
    settle();
  });

  it('finds a loop, and lets a spiral through', () => {
    targets = () => [to(proxy)];
    const looping = alice.send(makeRequest('MESSAGE'), proxy);
    scheduler.advance(100);
    expect(looping.statuses).to.deep.equal([482]);
    expect(contexts.length).to.equal(1);
    targets = () => (contexts.length === 2 ? [{ ...to(proxy), requestUri: 'sip:other@example.com' }] : [to(one)]);
    one.onServerTransaction = answer(200);
    const spiral = alice.send(makeRequest('MESSAGE'), proxy);
    scheduler.advance(100);
    expect(spiral.statuses).to.deep.equal([200]);
    settle();
  });

  it('takes its own Route entries off, both of two, and tells the next hop', () => {
    one.onServerTransaction = answer(200);
    const request = makeRequest('BYE', 'sip:bob@198.51.100.1');
    request.append('Route', '<sip:192.0.2.1:5070;lr;a=1>, <sip:192.0.2.1:5070;lr;a=2>');
    request.append('Route', '<sip:198.51.100.9;lr>');
    alice.send(request, proxy);
    scheduler.advance(10);
    expect(contexts[0]?.poppedRoutes.map(({ uri }) => uri)).to.deep.equal([
      'sip:192.0.2.1:5070;lr;a=1',
      'sip:192.0.2.1:5070;lr;a=2',
    ]);
    expect(contexts[0]?.nextHop).to.include({ host: '198.51.100.9' });
    expect(one.requests[0]?.request.values('Route')).to.deep.equal(['<sip:198.51.100.9;lr>']);
    settle();
  });

  it('undoes what a strict router did (RFC 3261 16.4)', () => {
    one.onServerTransaction = answer(200);
    const request = makeRequest('BYE', 'sip:192.0.2.1:5070;lr;a=1');
    request.append('Route', '<sip:198.51.100.9;lr>, <sip:bob@198.51.100.1>');
    alice.send(request, proxy);
    scheduler.advance(10);
    const seen = one.requests[0]?.request;
    expect(seen?.uri).to.equal('sip:bob@198.51.100.1');
    expect(seen?.values('Route')).to.deep.equal(['<sip:198.51.100.9;lr>']);
    expect(contexts[0]?.poppedRoutes.length).to.equal(1);
    settle();
  });

  it('goes to the next target after silence and after 503', () => {
    two.onServerTransaction = answer(200);
    const silent = alice.send(makeRequest('MESSAGE'), proxy);
    scheduler.advance(1500);
    expect(finals(silent)).to.deep.equal([200]);
    expect(outcomes).to.deep.equal(['one timeout', 'two answered']);
    one.onServerTransaction = answer(503);
    const busy = alice.send(makeRequest('MESSAGE'), proxy);
    scheduler.advance(100);
    expect(finals(busy)).to.deep.equal([200]);
    expect(outcomes.slice(2)).to.deep.equal(['one unavailable', 'two answered']);
    settle();
  });

  it('answers 500 for the 503 of the last, 504 when all kept silent, and other failures as they are', () => {
    one.onServerTransaction = answer(503);
    two.onServerTransaction = answer(503);
    const busy = alice.send(makeRequest('MESSAGE'), proxy);
    scheduler.advance(100);
    expect(finals(busy)).to.deep.equal([500]);
    one.onServerTransaction = undefined;
    two.onServerTransaction = undefined;
    const silent = alice.send(makeRequest('MESSAGE'), proxy);
    scheduler.advance(2500);
    expect(finals(silent)).to.deep.equal([504]);
    one.onServerTransaction = answer(404);
    const refused = alice.send(makeRequest('MESSAGE'), proxy);
    scheduler.advance(100);
    expect(finals(refused)).to.deep.equal([404]);
    settle();
  });

  it('does not let an INVITE branch that was given up end the one that rings', () => {
    two.onServerTransaction = answer(180);
    const outcome = alice.send(makeRequest('INVITE'), proxy);
    scheduler.advance(60_000);
    expect(outcome.statuses).to.deep.equal([100, 180]);
    one.requests[0]?.respond(one.requests[0].request.createResponse(486));
    scheduler.advance(1000);
    expect(finals(outcome)).to.deep.equal([]);
    two.requests[0]?.respond(two.requests[0].request.createResponse(200));
    scheduler.advance(100);
    expect(finals(outcome)).to.deep.equal([200]);
    settle();
  });

  it('passes a late 2xx of a branch that was given up on, and cancels the other', () => {
    two.onServerTransaction = answer(180);
    const outcome = alice.send(makeRequest('INVITE'), proxy);
    scheduler.advance(2000);
    one.requests[0]?.respond(one.requests[0].request.createResponse(200));
    scheduler.advance(100);
    expect(finals(outcome)).to.deep.equal([200]);
    expect(two.cancelled.length).to.equal(1);
    two.requests[0]?.respond(two.requests[0].request.createResponse(487));
    settle();
    expect(finals(outcome)).to.deep.equal([200]);
  });

  it('cancels what rings, and gives the 487 back', () => {
    one.onServerTransaction = answer(180);
    const outcome = alice.send(makeRequest('INVITE'), proxy);
    scheduler.advance(100);
    outcome.transaction?.cancel();
    scheduler.advance(100);
    expect(one.cancelled.length).to.equal(1);
    one.requests[0]?.respond(one.requests[0].request.createResponse(487));
    scheduler.advance(100);
    expect(finals(outcome)).to.deep.equal([487]);
    expect(two.requests.length, 'no other target is tried').to.equal(0);
    settle();
  });

  it('gives an INVITE that only rings up after timer C', () => {
    one.onServerTransaction = answer(180);
    const outcome = alice.send(makeRequest('INVITE'), proxy);
    scheduler.advance(180_000);
    expect(finals(outcome)).to.deep.equal([]);
    scheduler.advance(2000);
    expect(finals(outcome)).to.deep.equal([408]);
    expect(one.cancelled.length).to.equal(1);
    one.requests[0]?.respond(one.requests[0].request.createResponse(487));
    settle();
  });

  it('passes each 2xx of an INVITE and its ACK on', () => {
    one.onServerTransaction = (transaction) => {
      answer(200)(transaction);
      scheduler.schedule(500, () => {
        answer(200)(transaction);
      });
    };
    const outcome = alice.send(makeRequest('INVITE'), proxy);
    scheduler.advance(1000);
    expect(finals(outcome)).to.deep.equal([200, 200]);
    alice.engine.sendStateless(makeRequest('ACK'), alice.flowTo(proxy));
    scheduler.advance(100);
    expect(one.acks.length).to.equal(1);
    expect(one.acks[0]?.values('Via').length).to.equal(2);
    expect(one.acks[0]?.maxForwards).to.equal(69);
    settle();
  });
});
