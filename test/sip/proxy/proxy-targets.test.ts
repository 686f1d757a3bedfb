import { expect } from 'chai';

import {
  ProxyCore,
  type Flow,
  type ProxyContext,
  type ProxyTarget,
  type ServerTransaction,
} from '../../../sip/index.ts';
import { MemoryNetwork } from '../../support/memory-network.ts';
import { makeRequest, SipNode, type Outcome } from '../../support/sip-node.ts';
import { VirtualScheduler } from '../../support/virtual-scheduler.ts';

describe('targets of the proxy core', () => {
  let scheduler: VirtualScheduler;
  let alice: SipNode;
  let proxy: SipNode;
  let one: SipNode;
  let two: SipNode;
  let contexts: ProxyContext[];
  let heard: string[];
  let targets: ProxyTarget[];
  let exhausted: ((context: ProxyContext, status: number) => void) | undefined;
  let later: boolean;

  beforeEach(() => {
    scheduler = new VirtualScheduler();
    const network = new MemoryNetwork(scheduler);
    alice = new SipNode(network, scheduler, 5060);
    proxy = new SipNode(network, scheduler, 5070);
    one = new SipNode(network, scheduler, 5081);
    two = new SipNode(network, scheduler, 5082);
    contexts = [];
    heard = [];
    exhausted = undefined;
    later = false;
    targets = [to('one', proxy.flowTo(one)), to('two', proxy.flowTo(two))];
    proxy.engine.setUser(
      new ProxyCore({
        engine: proxy.engine,
        scheduler,
        handler: {
          onRequest(context) {
            contexts.push(context);
            if (!later) context.forward(targets);
            else context.trying();
          },
          onAck: () => undefined,
          onExhausted(context, status) {
            if (exhausted === undefined) context.reply(status);
            else exhausted(context, status);
          },
        },
        isLocal: (uri) => uri.host === '192.0.2.1' && uri.port === 5070,
        loopSecret: Buffer.alloc(32, 1),
      }),
    );
  });

  const to = (name: string, flow: Flow, admits = true): ProxyTarget => ({
    flow,
    responseTimeout: 1000,
    admit: () => {
      heard.push(`${name} admit`);
      return admits;
    },
    onOutcome: (outcome, response) => heard.push(`${name} ${outcome} ${response?.header('Retry-After') ?? ''}`.trim()),
    onEnd: () => heard.push(`${name} end`),
  });
  const answer =
    (status: number, retryAfter?: string) =>
    (transaction: ServerTransaction): void => {
      const response = transaction.request.createResponse(status);
      if (retryAfter !== undefined) response.set('Retry-After', retryAfter);
      transaction.respond(response);
    };
  const finals = ({ statuses }: Outcome): number[] => statuses.filter((status) => status >= 200);

  it('hear when a request begins, what became of it, and when it is over', () => {
    one.onServerTransaction = answer(503, '7');
    two.onServerTransaction = answer(486);
    const outcome = alice.send(makeRequest('MESSAGE'), proxy);
    scheduler.advance(100);
    expect(finals(outcome)).to.deep.equal([486]);
    expect(heard).to.deep.equal(['one admit', 'one unavailable 7', 'one end', 'two admit', 'two answered', 'two end']);
  });

  it('are over for an INVITE with its final response, not with the ringing', () => {
    one.onServerTransaction = answer(180);
    alice.send(makeRequest('INVITE'), proxy);
    scheduler.advance(100);
    expect(heard).to.deep.equal(['one admit', 'one answered']);
    const [transaction] = one.requests;
    if (transaction !== undefined) answer(200)(transaction);
    scheduler.advance(100);
    if (transaction !== undefined) answer(200)(transaction);
    scheduler.advance(100);
    expect(heard, 'once, however often the 200 comes').to.deep.equal(['one admit', 'one answered', 'one end']);
  });

  it('that keep silent are over only when the transaction is: the request may still be worked on there', () => {
    two.onServerTransaction = answer(200);
    const outcome = alice.send(makeRequest('MESSAGE'), proxy);
    scheduler.advance(2000);
    expect(finals(outcome)).to.deep.equal([200]);
    expect(heard).to.deep.equal(['one admit', 'one timeout', 'two admit', 'two answered', 'two end']);
    scheduler.advance(32_000);
    expect(heard.at(-1)).to.equal('one end');
  });

  it('that do not take the request are passed over', () => {
    targets = [to('one', proxy.flowTo(one), false), to('two', proxy.flowTo(two))];
    two.onServerTransaction = answer(200);
    expect(finals(run(alice.send(makeRequest('MESSAGE'), proxy)))).to.deep.equal([200]);
    expect(one.requests.length).to.equal(0);
    targets = [to('one', proxy.flowTo(one), false), to('two', proxy.flowTo(two), false)];
    expect(finals(run(alice.send(makeRequest('MESSAGE'), proxy))), 'none does').to.deep.equal([500]);
  });

  it('lesson 32: are not asked again after 503, by whatever way, and the agent gets 500', () => {
    one.onServerTransaction = answer(503);
    const again = { ...proxy.flowTo(one), transport: { ...proxy.transport } };
    targets = [to('udp', proxy.flowTo(one)), to('other way', again), to('same', proxy.flowTo(one))];
    const outcome = run(alice.send(makeRequest('MESSAGE'), proxy));
    expect(finals(outcome)).to.deep.equal([500]);
    expect(outcome.responses[0]?.has('Retry-After'), 'that of the target is its own').to.equal(false);
    expect(one.requests.length).to.equal(1);
    expect(heard).to.deep.equal(['udp admit', 'udp unavailable', 'udp end']);
  });

  it('leave the last word to the handler when none served', () => {
    one.onServerTransaction = answer(503);
    two.onServerTransaction = answer(503);
    const statuses: number[] = [];
    exhausted = (context, status) => {
      statuses.push(status);
      context.reply(503, undefined, (response) => {
        response.set('Retry-After', '9');
      });
    };
    const outcome = run(alice.send(makeRequest('MESSAGE'), proxy));
    expect(finals(outcome)).to.deep.equal([503]);
    expect(outcome.responses[0]?.header('Retry-After')).to.equal('9');
    two.onServerTransaction = undefined;
    const silent = alice.send(makeRequest('INVITE'), proxy);
    scheduler.advance(1500);
    expect(finals(silent)).to.deep.equal([503]);
    expect(statuses).to.deep.equal([500, 408]);
  });

  it('answers an INVITE with one 100 at once, also while the handler has to wait', () => {
    later = true;
    one.onServerTransaction = answer(200);
    const outcome = alice.send(makeRequest('INVITE'), proxy);
    scheduler.advance(100);
    expect(outcome.statuses).to.deep.equal([100]);
    scheduler.advance(5000);
    expect(proxy.count('INVITE '), 'so it is not sent again').to.equal(1);
    contexts[0]?.forward(targets);
    scheduler.advance(100);
    expect(outcome.statuses).to.deep.equal([100, 200]);
    const message = alice.send(makeRequest('MESSAGE'), proxy);
    scheduler.advance(100);
    expect(message.statuses, 'no other method gets one').to.deep.equal([]);
  });

  it('starts timer C again for each branch', () => {
    two.onServerTransaction = answer(180);
    targets = targets.map((target) => ({ ...target, responseTimeout: 100_000 }));
    const outcome = alice.send(makeRequest('INVITE'), proxy);
    scheduler.advance(31_000);
    expect(two.requests.length).to.equal(0);
    scheduler.advance(2000);
    expect(two.requests.length, 'timer B of the first').to.equal(1);
    scheduler.advance(179_000);
    expect(finals(outcome)).to.deep.equal([]);
    scheduler.advance(3000);
    expect(finals(outcome)).to.deep.equal([408]);
  });

  const run = (outcome: Outcome): Outcome => {
    scheduler.advance(100);
    return outcome;
  };

  it('lesson 23: a target that must not see the Via values of the request gets ours alone; the response has them again', () => {
    targets = [{ ...to('one', proxy.flowTo(one)), hidesVia: true }];
    one.onServerTransaction = answer(200);
    const request = makeRequest('MESSAGE');
    request.append('Via', 'SIP/2.0/DTLS-UDP 192.0.2.77:5061;branch=z9hG4bKfar');
    const outcome = alice.send(request, proxy);
    scheduler.advance(100);
    expect(finals(outcome)).to.deep.equal([200]);
    const seen = one.requests[0]?.request;
    expect(seen?.values('Via').length).to.equal(1);
    expect(seen?.topVia?.port, 'ours').to.equal(5070);
    const answered = alice.datagrams.at(-1) ?? '';
    expect(answered.match(/^Via: .*$/gm)?.map((line) => line.split(';')[0])).to.deep.equal([
      'Via: SIP/2.0/UDP 192.0.2.1:5060',
      'Via: SIP/2.0/DTLS-UDP 192.0.2.77:5061',
    ]);
  });
});
