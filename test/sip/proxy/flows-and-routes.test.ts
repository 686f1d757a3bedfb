import { expect } from 'chai';

import { ProxyCore, type Flow, type ProxyHandler, type ProxyTarget } from '../../../sip/index.ts';
import { MemoryNetwork } from '../../support/memory-network.ts';
import { makeRequest, SipNode, type Outcome } from '../../support/sip-node.ts';
import { VirtualScheduler } from '../../support/virtual-scheduler.ts';

describe('proxy core: failed flows and strict routers', () => {
  let scheduler: VirtualScheduler;
  let alice: SipNode;
  let proxy: SipNode;
  let stream: SipNode;
  let one: SipNode;
  let two: SipNode;
  let targets: ProxyTarget[];

  beforeEach(() => {
    scheduler = new VirtualScheduler();
    const network = new MemoryNetwork(scheduler);
    alice = new SipNode(network, scheduler, 5060);
    proxy = new SipNode(network, scheduler, 5070);
    // The proxy's TCP side, on a network of its own: the engine behind it is the proxy's.
    stream = new SipNode(new MemoryNetwork(scheduler), scheduler, 5070, undefined, 'TCP');
    one = new SipNode(network, scheduler, 5081);
    two = new SipNode(network, scheduler, 5082);
    const handler: ProxyHandler = {
      onRequest(context) {
        context.forward(targets);
      },
      onAck(context) {
        context.forward(proxy.flowTo(one));
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
    for (const node of [one, two]) {
      node.onServerTransaction = (transaction) => {
        transaction.respond(transaction.request.createResponse(200));
      };
    }
  });

  const tcp = (node: SipNode): Flow => ({ transport: stream.transport, peer: node.transport.local });

  const send = (method: string, edit?: (request: ReturnType<typeof makeRequest>) => void): Outcome => {
    const request = makeRequest(method);
    edit?.(request);
    return alice.send(request, proxy);
  };

  for (const method of ['MESSAGE', 'INVITE']) {
    it(`tries the next target when the connection of ${method} fails (RFC 3261 16.9)`, () => {
      const outcomes: string[] = [];
      targets = [
        { flow: tcp(one), onOutcome: (outcome) => outcomes.push(`one ${outcome}`) },
        { flow: proxy.flowTo(two), onOutcome: (outcome) => outcomes.push(`two ${outcome}`) },
      ];
      const outcome = send(method);
      scheduler.advance(20);
      expect(outcome.statuses.filter((status) => status >= 200)).to.deep.equal([]);
      proxy.engine.flowFailed(tcp(one));
      scheduler.advance(20);
      expect(outcome.statuses.filter((status) => status >= 200)).to.deep.equal([200]);
      expect(outcomes).to.deep.equal(['one unavailable', 'two answered']);
    });
  }

  it('answers 500 when the last target cannot be sent to', () => {
    targets = [{ flow: tcp(one) }];
    stream.transport.send = () => false;
    const outcome = send('MESSAGE');
    scheduler.advance(20);
    expect(outcome.statuses).to.deep.equal([500]);
  });

  it('lesson 31: sends by the flow that the size asks for, names it in Via, and goes back when it is refused', () => {
    const sizes: number[] = [];
    const refused: Flow[] = [];
    const large = tcp(one);
    const sent: string[] = [];
    stream.transport.send = (message) => sent.push(message.toString('latin1')) > 0;
    targets = [
      {
        flow: proxy.flowTo(one),
        flowFor: (octets) => {
          sizes.push(octets);
          return large;
        },
        onFlowRefused: (flow) => refused.push(flow),
      },
    ];
    const outcome = send('MESSAGE');
    scheduler.advance(20);
    expect(sent.length).to.equal(1);
    expect(sent[0]).to.match(/\r\nVia: SIP\/2\.0\/TCP 192\.0\.2\.1:5070;branch=z9hG4bK[^\r]+\r\nVia: SIP\/2\.0\/UDP /);
    expect(sizes).to.deep.equal([sent[0]?.length]);
    proxy.engine.flowFailed(large);
    scheduler.advance(20);
    expect(refused).to.deep.equal([large]);
    expect(outcome.statuses).to.deep.equal([200]);
    expect(one.datagrams[0]).to.contain('Via: SIP/2.0/UDP 192.0.2.1:5070;');
    expect(sizes.length, 'the size is not asked about again').to.equal(1);
  });

  it('does not go back when the target had answered: it is there', () => {
    targets = [{ flow: proxy.flowTo(one), flowFor: () => tcp(one) }];
    const sent: string[] = [];
    stream.transport.send = (message) => sent.push(message.toString('latin1')) > 0;
    const outcome = send('INVITE');
    scheduler.advance(20);
    const via = /\r\nVia: ([^\r]+)\r\nVia: ([^\r]+)/.exec(sent[0] ?? '');
    const ringing = `SIP/2.0 180 Ringing\r\nVia: ${via?.[1] ?? ''}\r\nVia: ${via?.[2] ?? ''}\r\n`;
    const rest = /From: [^]*?\r\nContent-Length/.exec(sent[0] ?? '')?.[0] ?? '';
    proxy.engine.receive(Buffer.from(`${ringing}${rest}: 0\r\n\r\n`, 'latin1'), tcp(one));
    scheduler.advance(20);
    expect(outcome.statuses).to.include(180);
    proxy.engine.flowFailed(tcp(one));
    scheduler.advance(20);
    expect(outcome.statuses.at(-1)).to.equal(500);
    expect(one.datagrams).to.deep.equal([]);
  });

  it('RFC 3261 16.12.1.2: gives a strict router its own name as Request-URI, and takes its own back from one', () => {
    targets = [{ flow: proxy.flowTo(one) }];
    // From a loose router, on to a strict one.
    send('MESSAGE', (request) => {
      request.append('Route', '<sip:192.0.2.1:5070;lr>, <sip:strict.example.com>, <sip:next.example.com;lr>');
    });
    scheduler.advance(20);
    const [to] = one.requests;
    expect(to?.request.uri).to.equal('sip:strict.example.com');
    expect(to?.request.values('Route')).to.deep.equal(['<sip:next.example.com;lr>', '<sip:bob@example.com>']);

    // From a strict router: our Record-Route is the Request-URI, the true one the last Route.
    const request = makeRequest('MESSAGE', 'sip:token@192.0.2.1:5070;lr;osg=x');
    request.append('Route', '<sip:next.example.com;lr>, <sip:bob@192.0.2.9>');
    alice.send(request, proxy);
    scheduler.advance(20);
    const from = one.requests[1];
    expect(from?.request.uri).to.equal('sip:bob@192.0.2.9');
    expect(from?.request.values('Route')).to.deep.equal(['<sip:next.example.com;lr>']);
  });

  it('does the same for the ACK of a 2xx', () => {
    const ack = makeRequest('ACK', 'sip:bob@192.0.2.9');
    ack.append('Route', '<sip:192.0.2.1:5070;lr>, <sip:strict.example.com>');
    alice.engine.sendStateless(ack, alice.flowTo(proxy));
    scheduler.advance(20);
    expect(one.acks[0]?.uri).to.equal('sip:strict.example.com');
    expect(one.acks[0]?.values('Route')).to.deep.equal(['<sip:bob@192.0.2.9>']);
  });
});
