import { expect } from 'chai';

import { ProxyCore, type ProxyHandler, type SipRequest, type TransactionLimits } from '../../../sip/index.ts';
import { MemoryNetwork } from '../../support/memory-network.ts';
import { makeRequest, SipNode, type Outcome } from '../../support/sip-node.ts';
import { VirtualScheduler } from '../../support/virtual-scheduler.ts';

/** A client, a proxy that notes its refusals and marks them, and a server. */
function setUp(limits?: TransactionLimits) {
  const scheduler = new VirtualScheduler();
  const network = new MemoryNetwork(scheduler);
  const alice = new SipNode(network, scheduler, 5060);
  const proxy = new SipNode(network, scheduler, 5070, limits);
  const server = new SipNode(network, scheduler, 5081);
  const refusals: string[] = [];
  const handler: ProxyHandler = {
    onRequest(context) {
      context.forward([{ flow: proxy.flowTo(server), responseTimeout: 1000 }]);
    },
    onAck: () => undefined,
    onRefusal(_request, response, reason) {
      refusals.push(`${reason} ${response.status}`);
      response.set('Warning', `399 proxy "${reason}"`);
    },
  };
  const core = new ProxyCore({
    engine: proxy.engine,
    scheduler,
    handler,
    isLocal: (uri) => uri.host === '192.0.2.1' && uri.port === 5070,
    loopSecret: Buffer.alloc(32, 1),
  });
  proxy.engine.setUser(core);
  const send = (method: string, edit?: (request: SipRequest) => void): Outcome => {
    const request = makeRequest(method);
    edit?.(request);
    return alice.send(request, proxy);
  };
  return { scheduler, alice, proxy, server, refusals, send };
}

describe('what the proxy core and the engine refuse by themselves', () => {
  it('has a reason that the handler hears of, and whose response it may edit', () => {
    const { scheduler, alice, refusals, send } = setUp();
    send('OPTIONS', (request) => {
      request.set('Max-Forwards', '0');
    });
    send('OPTIONS', (request) => {
      request.uri = 'http://example.com';
    });
    send('OPTIONS', (request) => {
      request.uri = 'sip:@:';
    });
    send('OPTIONS', (request) => {
      request.append('Proxy-Require', 'x');
    });
    send('OPTIONS', (request) => {
      request.append('Route', '<:>');
    });
    scheduler.advance(100);
    expect(refusals).to.have.members([
      'too-many-hops 483',
      'unsupported-uri-scheme 416',
      'malformed-request-uri 400',
      'bad-extension 420',
      'malformed-route 400',
    ]);
    expect(alice.datagrams.every((datagram) => datagram.includes('Warning: 399 proxy "'))).to.equal(true);
  });

  it('tells a target that keeps silent from one that answers 503', () => {
    const { scheduler, server, refusals, send } = setUp();
    send('OPTIONS');
    send('INVITE');
    scheduler.advance(40_000);
    expect(refusals).to.deep.equal(['target-timeout 504', 'target-timeout 408']);
    server.onServerTransaction = (transaction) => {
      transaction.respond(transaction.request.createResponse(503));
    };
    send('MESSAGE');
    scheduler.advance(1000);
    expect(refusals.slice(2)).to.deep.equal(['target-unavailable 500']);
  });

  it('tells which table is full', () => {
    const servers = setUp({ maxServerTransactions: 1, maxClientTransactions: 9 });
    servers.send('OPTIONS');
    servers.send('OPTIONS');
    servers.scheduler.advance(100);
    expect(servers.refusals).to.deep.equal(['server-transactions-full 503']);
    const clients = setUp({ maxServerTransactions: 9, maxClientTransactions: 1 });
    clients.send('OPTIONS');
    clients.send('OPTIONS');
    clients.scheduler.advance(100);
    expect(clients.refusals).to.deep.equal(['client-transactions-full 503']);
    expect(clients.alice.count('SIP/2.0 503')).to.equal(1);
  });

  it('gives the parser’s word for what cannot be read but answered', () => {
    const { scheduler, alice, proxy, refusals } = setUp();
    const text = (start: string): Buffer =>
      Buffer.from(
        `${start}\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b@b>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n\r\n`,
      );
    for (const start of ['OPTIONS sip:b@b SIP/3.0', 'OPTIONS sip:b@b SIP/2.0\r\nCall-ID: 2', 'what']) {
      alice.transport.send(text(start), proxy.transport.local);
    }
    scheduler.advance(100);
    expect(refusals).to.deep.equal(['unsupported-version 505', 'duplicate-header 400']);
    expect(alice.count('SIP/2.0 ')).to.equal(2);
  });
});
