import { expect } from 'chai';

import { ProxyCore, type ServerTransaction, type SipRequest } from '../../../sip/index.ts';
import { MemoryNetwork } from '../../support/memory-network.ts';
import { makeRequest, SipNode, type Outcome } from '../../support/sip-node.ts';
import { VirtualScheduler } from '../../support/virtual-scheduler.ts';

/** What a proxy does with a request: where it sends it, and with which Request-URI and other changes. */
interface Step {
  readonly to: SipNode;
  readonly uri?: string;
  readonly edit?: (request: SipRequest) => void;
}

describe('loops and spirals through two proxies (RFC 5393)', () => {
  let scheduler: VirtualScheduler;
  let alice: SipNode;
  let left: SipNode;
  let right: SipNode;
  let server: SipNode;
  let passed: string[];
  let leftStep: (request: SipRequest) => Step;
  let rightStep: (request: SipRequest) => Step;

  beforeEach(() => {
    scheduler = new VirtualScheduler();
    const network = new MemoryNetwork(scheduler);
    alice = new SipNode(network, scheduler, 5060);
    left = new SipNode(network, scheduler, 5071);
    right = new SipNode(network, scheduler, 5072);
    server = new SipNode(network, scheduler, 5080);
    server.onServerTransaction = (transaction: ServerTransaction) => {
      transaction.respond(transaction.request.createResponse(200));
    };
    passed = [];
    leftStep = () => ({ to: right });
    rightStep = () => ({ to: left });
    install('left', left, 5071, (request) => leftStep(request));
    install('right', right, 5072, (request) => rightStep(request));
  });

  const install = (name: string, node: SipNode, port: number, step: (request: SipRequest) => Step): void => {
    node.engine.setUser(
      new ProxyCore({
        engine: node.engine,
        scheduler,
        handler: {
          onRequest(context) {
            passed.push(`${name} ${context.request.uri}`);
            const { to, uri, edit } = step(context.request);
            context.forward([
              {
                flow: node.flowTo(to),
                ...(uri === undefined ? {} : { requestUri: uri }),
                ...(edit === undefined ? {} : { edit }),
              },
            ]);
          },
          onAck(context) {
            passed.push(`${name} ACK`);
            context.forward(node.flowTo(step(context.request).to));
          },
        },
        isLocal: (uri) => uri.host === '192.0.2.1' && uri.port === port,
        loopSecret: Buffer.alloc(32, port % 256),
      }),
    );
  };

  const send = (request: SipRequest): Outcome => {
    const outcome = alice.send(request, left);
    scheduler.advance(100);
    return outcome;
  };
  const finals = ({ statuses }: Outcome): number[] => statuses.filter((status) => status >= 200);

  it('finds a loop when the request comes round for the first time, whatever its method', () => {
    for (const method of ['MESSAGE', 'INVITE', 'X-NEW']) {
      passed = [];
      expect(finals(send(makeRequest(method))), method).to.deep.equal([482]);
      expect(passed, method).to.deep.equal(['left sip:bob@example.com', 'right sip:bob@example.com']);
    }
  });

  it('lets a spiral through, where the other side has changed the Request-URI', () => {
    leftStep = (request) => (request.uri === 'sip:desk@example.com' ? { to: server } : { to: right });
    rightStep = () => ({ to: left, uri: 'sip:desk@example.com' });
    expect(finals(send(makeRequest('MESSAGE')))).to.deep.equal([200]);
    expect(passed).to.deep.equal([
      'left sip:bob@example.com',
      'right sip:bob@example.com',
      'left sip:desk@example.com',
    ]);
    expect(server.requests[0]?.request.values('Via').length).to.equal(4);
  });

  it('lets a spiral through that differs in Route or Event only', () => {
    for (const [name, value] of [
      ['Route', '<sip:192.0.2.1:5080;lr>'],
      ['Event', 'presence'],
    ] as const) {
      leftStep = (request) => (request.has(name) ? { to: server } : { to: right });
      rightStep = () => ({
        to: left,
        edit: (request) => {
          request.set(name, value);
        },
      });
      expect(finals(send(makeRequest('MESSAGE'))), name).to.deep.equal([200]);
    }
  });

  it('finds the loop in which a spiral ends', () => {
    leftStep = (request) => ({
      to: right,
      uri: request.uri === 'sip:a@example.com' ? 'sip:b@example.com' : 'sip:a@example.com',
    });
    expect(finals(send(makeRequest('MESSAGE', 'sip:a@example.com')))).to.deep.equal([482]);
    expect(passed, 'a, b, and a again is one too many').to.deep.equal([
      'left sip:a@example.com',
      'right sip:b@example.com',
      'left sip:b@example.com',
      'right sip:a@example.com',
    ]);
  });

  it('ends the loop of an ACK, which nobody can answer', () => {
    alice.engine.sendStateless(makeRequest('ACK'), alice.flowTo(left));
    scheduler.advance(1000);
    expect(passed).to.deep.equal(['left ACK', 'right ACK']);
  });

  it('ends by Max-Forwards what changes each time', () => {
    let count = 0;
    leftStep = () => ({ to: right, uri: `sip:number${++count}@example.com` });
    const request = makeRequest('MESSAGE');
    request.set('Max-Forwards', '9');
    expect(finals(send(request))).to.deep.equal([483]);
    expect(passed.length).to.equal(9);
  });

  it('does not take the branch of somebody else for its own, even with the same end', () => {
    leftStep = () => ({ to: server });
    expect(finals(send(makeRequest('MESSAGE')))).to.deep.equal([200]);
    const seen = server.requests[0]?.request;
    const ours = seen?.topVia?.branch ?? '';
    const request = makeRequest('MESSAGE');
    request.set('Call-ID', seen?.callId ?? '');
    request.append('Via', `SIP/2.0/UDP 198.51.100.7:5060;branch=${ours}`);
    expect(finals(send(request))).to.deep.equal([200]);
  });

  it('passes Max-Breadth on, gives 60 where there is none, and refuses 0 with 440 and nonsense with 400', () => {
    leftStep = () => ({ to: server });
    const breadth = (value: string | undefined): [number | undefined, string | undefined] => {
      const request = makeRequest('MESSAGE');
      if (value !== undefined) request.set('Max-Breadth', value);
      const before = server.requests.length;
      const outcome = send(request);
      return [finals(outcome)[0], server.requests[before]?.request.header('Max-Breadth')];
    };
    expect(breadth(undefined)).to.deep.equal([200, '60']);
    expect(breadth('7')).to.deep.equal([200, '7']);
    expect(breadth('0')).to.deep.equal([440, undefined]);
    expect(breadth('-1')).to.deep.equal([400, undefined]);
    expect(breadth('5, 6')).to.deep.equal([400, undefined]);
    const twice = makeRequest('MESSAGE');
    twice.append('Max-Breadth', '5');
    twice.append('Max-Breadth', '6');
    expect(finals(send(twice))).to.deep.equal([400]);
  });
});
