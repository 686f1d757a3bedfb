import { setImmediate as settled } from 'node:timers/promises';

import { expect } from 'chai';

import {
  isSipUri,
  parseUri,
  reachBit,
  resolutionQuery,
  SipResolver,
  type Destination,
  type ResolutionQuery,
  type ResolverLimits,
} from '../../../sip/index.ts';
import { seededRandom } from '../../support/memory-network.ts';
import { naptr, ScriptedDns, srv } from '../../support/scripted-dns.ts';
import { VirtualScheduler } from '../../support/virtual-scheduler.ts';

const LIMITS: ResolverLimits = {
  minimumTtlMilliseconds: 5000,
  maximumTtlMilliseconds: 600_000,
  negativeTtlMilliseconds: 2000,
  staleMilliseconds: 30_000,
  timeoutMilliseconds: 3000,
  maximumNames: 3,
  maximumPending: 2,
  maximumDestinations: 4,
};

const UDP4 = reachBit('UDP', 4);
const UDP6 = reachBit('UDP', 6);
const TCP4 = reachBit('TCP', 4);
const TLS4 = reachBit('TLS', 4);

const query = (text: string): ResolutionQuery => {
  const uri = parseUri(text);
  if (!isSipUri(uri)) throw new Error(`no SIP URI: ${text}`);
  return resolutionQuery(uri);
};

const texts = (destinations: readonly Destination[] | undefined): string[] | undefined =>
  destinations?.map(({ protocol, address, port }) => `${protocol} ${address} ${port}`);

describe('RFC 3263 resolution', () => {
  let dns: ScriptedDns;
  let scheduler: VirtualScheduler;
  let resolver: SipResolver;

  beforeEach(() => {
    dns = new ScriptedDns();
    scheduler = new VirtualScheduler();
    resolver = new SipResolver({ dns, scheduler, random: seededRandom(3), limits: LIMITS });
  });

  const resolve = async (uri: string, reach = UDP4 | TCP4): Promise<string[] | undefined> =>
    texts(await resolver.resolve(query(uri), reach));

  it('knows at once where addresses lead, by their transport and scheme, within the sender’s reach', () => {
    const reach = UDP4 | UDP6 | TCP4;
    const cases: [string, string[]][] = [
      ['sip:192.0.2.1', ['UDP 192.0.2.1 5060']],
      ['sip:bob@192.0.2.1:5070', ['UDP 192.0.2.1 5070']],
      ['sip:[2001:db8::1]', ['UDP 2001:db8::1 5060']],
      ['sip:192.0.2.1;transport=TCP', ['TCP 192.0.2.1 5060']],
      ['sip:example.com;maddr=192.0.2.9', ['UDP 192.0.2.9 5060']],
      ['sip:example.com;maddr=[2001:db8::9]', ['UDP 2001:db8::9 5060']],
      ['sip:[2001:db8::1];transport=tcp', []],
      ['sip:192.0.2.1;transport=sctp', []],
      ['sip:example.com;transport=sctp', []],
      ['sips:192.0.2.1', []],
      ['sips:192.0.2.1;transport=udp', []],
    ];
    for (const [uri, expected] of cases) {
      expect(texts(resolver.cached(query(uri), reach)), uri).to.deep.equal(expected);
    }
    expect(texts(resolver.cached(query('sips:192.0.2.1'), TLS4))).to.deep.equal(['TLS 192.0.2.1 5061']);
    expect(texts(resolver.cached(query('sips:192.0.2.1;transport=tcp'), TLS4))).to.deep.equal(['TLS 192.0.2.1 5061']);
    expect(dns.asked).to.deep.equal([]);
  });

  it('leads to DTLS only where the URI says so, and asks for no NAPTR or SRV then', async () => {
    const dtls = reachBit('DTLS-UDP', 4);
    expect(resolver.cached(query('sip:192.0.2.1;transport=DTLS-UDP'), dtls)).to.deep.equal([
      { address: '192.0.2.1', port: 5061, protocol: 'DTLS-UDP' },
    ]);
    expect(resolver.cached(query('sip:192.0.2.1;transport=dtls-udp'), UDP4), 'out of reach').to.deep.equal([]);
    dns.has('A agent.example.com', '192.0.2.7');
    expect(await resolve('sip:agent.example.com;transport=dtls-udp', dtls)).to.deep.equal(['DTLS-UDP 192.0.2.7 5061']);
  });

  it('asks for addresses only where the URI has a port', async () => {
    dns.has('A as.example.com', '192.0.2.1', '192.0.2.2');
    dns.has('AAAA as.example.com', '2001:db8::1');
    expect(await resolve('sip:as.example.com:5070')).to.deep.equal(['UDP 192.0.2.1 5070', 'UDP 192.0.2.2 5070']);
    expect(dns.asked).to.deep.equal(['A as.example.com']);
    expect(await resolve('sip:as.example.com:5070;transport=tcp')).to.deep.equal([
      'TCP 192.0.2.1 5070',
      'TCP 192.0.2.2 5070',
    ]);
  });

  it('takes the addresses of the families that the sender has, IPv6 first where it has both', async () => {
    dns.has('A as.example.com', '192.0.2.1');
    dns.has('AAAA as.example.com', '2001:db8::1');
    expect(await resolve('sip:as.example.com:5070', UDP6)).to.deep.equal(['UDP 2001:db8::1 5070']);
    expect(await resolve('sip:as.example.com:5070', UDP4 | UDP6)).to.deep.equal([
      'UDP 2001:db8::1 5070',
      'UDP 192.0.2.1 5070',
    ]);
  });

  it('follows NAPTR in its order, SRV by priority, and takes for sip no service of sips', async () => {
    dns.has(
      'NAPTR example.com',
      naptr(50, 50, 'SIPS+D2T', '_sips._tcp.example.com'),
      naptr(90, 50, 'SIP+D2T', '_sip._tcp.example.com'),
      naptr(100, 60, 'SIP+D2U', '_other._udp.example.com'),
      naptr(100, 50, 'sip+d2u', '_sip._udp.example.com'),
      naptr(10, 10, 'E2U+sip', '_enum.example.com'),
    );
    dns.has('SRV _sip._tcp.example.com', srv(2, 0, 5072, 'b.example.com'), srv(1, 0, 5071, 'a.example.com'));
    dns.has('SRV _sip._udp.example.com', srv(1, 0, 5080, 'a.example.com'));
    dns.has('SRV _other._udp.example.com', srv(1, 0, 5090, 'b.example.com'));
    dns.has('A a.example.com', '192.0.2.1');
    dns.has('A b.example.com', '192.0.2.2');
    expect(await resolve('sip:example.com')).to.deep.equal([
      'TCP 192.0.2.1 5071',
      'TCP 192.0.2.2 5072',
      'UDP 192.0.2.1 5080',
      'UDP 192.0.2.2 5090',
    ]);
    expect(await resolve('sip:example.com', UDP4), 'no TCP, no TCP services').to.deep.equal([
      'UDP 192.0.2.1 5080',
      'UDP 192.0.2.2 5090',
    ]);
    expect(dns.asked.some((question) => question.includes('_sips'))).to.equal(false);
  });

  it('takes for sips services of sips only, and SIPS+D2U never', async () => {
    dns.has(
      'NAPTR example.com',
      naptr(10, 10, 'SIPS+D2U', '_sips._udp.example.com'),
      naptr(20, 10, 'SIP+D2T', '_sip._tcp.example.com'),
      naptr(30, 10, 'SIPS+D2T', '_sips._tcp.example.com'),
    );
    dns.has('SRV _sips._tcp.example.com', srv(1, 0, 5061, 'a.example.com'));
    dns.has('SRV _sips._udp.example.com', srv(1, 0, 5061, 'evil.example.com'));
    dns.has('A a.example.com', '192.0.2.1');
    expect(await resolve('sips:example.com', UDP4 | TCP4 | TLS4)).to.deep.equal(['TLS 192.0.2.1 5061']);
    expect(await resolve('sips:example.com', UDP4 | TCP4), 'a sender without TLS reaches nothing').to.deep.equal([]);
  });

  it('passes over NAPTR records with a regular expression or another flag', async () => {
    dns.has(
      'NAPTR example.com',
      { ...naptr(1, 1, 'SIP+D2U', 'x.example.com'), flags: 'u' },
      {
        ...naptr(1, 1, 'SIP+D2U', 'y.example.com'),
        regexp: '!^.*$!sip:evil@example.net!',
      },
    );
    dns.has('SRV _sip._udp.example.com', srv(1, 0, 5080, 'a.example.com'));
    dns.has('A a.example.com', '192.0.2.1');
    expect(await resolve('sip:example.com')).to.deep.equal(['UDP 192.0.2.1 5080']);
  });

  it('without NAPTR asks for the SRV records of each protocol that it has, UDP first', async () => {
    dns.has('SRV _sip._udp.example.com', srv(1, 0, 5080, 'a.example.com'));
    dns.has('SRV _sip._tcp.example.com', srv(1, 0, 5081, 'a.example.com'));
    dns.has('A a.example.com', '192.0.2.1');
    expect(await resolve('sip:example.com')).to.deep.equal(['UDP 192.0.2.1 5080', 'TCP 192.0.2.1 5081']);
    dns.asked.length = 0;
    expect(await resolve('sip:example.com', TCP4)).to.deep.equal(['TCP 192.0.2.1 5081']);
    expect(dns.asked).not.to.include('SRV _sip._udp.example.com');
  });

  it('asks for the SRV records of the transport parameter only, and for no NAPTR then', async () => {
    dns.has('SRV _sip._tcp.example.com', srv(1, 0, 5081, 'a.example.com'));
    dns.has('A a.example.com', '192.0.2.1');
    expect(await resolve('sip:example.com;transport=tcp')).to.deep.equal(['TCP 192.0.2.1 5081']);
    expect(dns.asked).to.deep.equal(['SRV _sip._tcp.example.com', 'A a.example.com']);
  });

  it('takes the host itself, at the default port, where it has neither NAPTR nor SRV records', async () => {
    dns.has('A example.com', '192.0.2.1');
    expect(await resolve('sip:example.com')).to.deep.equal(['UDP 192.0.2.1 5060']);
    expect(await resolve('sip:example.com', TCP4), 'a sender without UDP').to.deep.equal(['TCP 192.0.2.1 5060']);
    expect(await resolve('sip:example.com;transport=tcp')).to.deep.equal(['TCP 192.0.2.1 5060']);
    expect(await resolve('sips:example.com', TLS4)).to.deep.equal(['TLS 192.0.2.1 5061']);
  });

  it('believes an SRV record that says that the service is not there', async () => {
    dns.has('SRV _sip._udp.example.com', srv(0, 0, 0, ''));
    dns.has('A example.com', '192.0.2.1');
    expect(await resolve('sip:example.com', UDP4)).to.deep.equal([]);
  });

  it('draws servers of one priority by weight, each time anew (RFC 2782)', async () => {
    dns.has(
      'SRV _sip._udp.example.com',
      srv(1, 30, 5001, 'a.example.com'),
      srv(1, 10, 5002, 'a.example.com'),
      srv(2, 99, 5003, 'a.example.com'),
    );
    dns.has('A a.example.com', '192.0.2.1');
    await resolve('sip:example.com', UDP4);
    const asked = query('sip:example.com');
    let first = 0;
    for (let draw = 0; draw < 4000; draw++) {
      const ports = (resolver.cached(asked, UDP4) ?? []).map(({ port }) => port);
      expect(ports.slice().sort()).to.deep.equal([5001, 5002, 5003]);
      expect(ports[2]).to.equal(5003);
      if (ports[0] === 5001) first++;
    }
    // 0 to 40 are drawn, and 0 to 30 of them are the first server's.
    expect(first / 4000).to.be.closeTo(31 / 41, 0.03);
    expect(dns.asked.length, 'no further question').to.equal(3);
  });

  it('keeps an answer as long as the shortest of its records says', async () => {
    dns.hasFor(100_000, 'SRV _sip._udp.example.com', srv(1, 0, 5080, 'a.example.com'));
    dns.hasFor(20_000, 'A a.example.com', '192.0.2.1');
    await resolve('sip:example.com', UDP4);
    scheduler.advance(19_999);
    expect(resolver.cached(query('sip:EXAMPLE.com'), UDP4)?.length, 'whatever its case').to.equal(1);
    expect(resolver.cached(query('sip:example.com'), UDP6), 'for this reach only').to.equal(undefined);
    scheduler.advance(1);
    expect(resolver.cached(query('sip:example.com'), UDP4)).to.equal(undefined);
  });

  it('keeps an answer no shorter and no longer than the bounds', async () => {
    dns.hasFor(0, 'A short.example.com', '192.0.2.1');
    dns.hasFor(9_000_000, 'A long.example.com', '192.0.2.2');
    await resolve('sip:short.example.com:1');
    await resolve('sip:long.example.com:1');
    scheduler.advance(4999);
    expect(resolver.cached(query('sip:short.example.com:1'), UDP4 | TCP4)).not.to.equal(undefined);
    scheduler.advance(595_000);
    expect(resolver.cached(query('sip:short.example.com:1'), UDP4 | TCP4)).to.equal(undefined);
    expect(resolver.cached(query('sip:long.example.com:1'), UDP4 | TCP4)).not.to.equal(undefined);
    scheduler.advance(1);
    expect(resolver.cached(query('sip:long.example.com:1'), UDP4 | TCP4)).to.equal(undefined);
  });

  it('remembers for a while that a name leads nowhere', async () => {
    expect(await resolve('sip:nowhere.example.com:1')).to.deep.equal([]);
    expect(await resolve('sip:nowhere.example.com:1')).to.deep.equal([]);
    expect(dns.asked.length).to.equal(1);
    expect(resolver.counters.none).to.equal(1);
    scheduler.advance(2000);
    dns.has('A nowhere.example.com', '192.0.2.1');
    expect(await resolve('sip:nowhere.example.com:1')).to.deep.equal(['UDP 192.0.2.1 1']);
  });

  it('uses what it knew while no server answers, for as long as allowed, and asks again now and then (RFC 8767)', async () => {
    dns.hasFor(5000, 'A as.example.com', '192.0.2.1');
    await resolve('sip:as.example.com:1');
    dns.fails('A as.example.com');
    scheduler.advance(5000);
    expect(await resolve('sip:as.example.com:1')).to.deep.equal(['UDP 192.0.2.1 1']);
    expect(resolver.counters).to.include({ failed: 1, staleUsed: 1 });
    await resolve('sip:as.example.com:1');
    expect(dns.asked.length, 'not for each request').to.equal(2);
    scheduler.advance(30_000);
    expect(await resolve('sip:as.example.com:1')).to.deep.equal([]);
    dns.clear();
    scheduler.advance(2000);
    expect(await resolve('sip:as.example.com:1'), 'gone is gone').to.deep.equal([]);
  });

  it('goes on without NAPTR when only that question fails, but asks again soon', async () => {
    dns.fails('NAPTR example.com');
    dns.has('A example.com', '192.0.2.1');
    expect(await resolve('sip:example.com')).to.deep.equal(['UDP 192.0.2.1 5060']);
    scheduler.advance(5000);
    expect(resolver.cached(query('sip:example.com'), UDP4 | TCP4)).to.equal(undefined);
  });

  it('makes one look-up for all who ask at once, and refuses more look-ups than allowed', async () => {
    dns.hold();
    dns.has('A a.example.com', '192.0.2.1');
    const both = [resolve('sip:a.example.com:1'), resolve('sip:a.example.com:1'), resolve('sip:b.example.com:1')];
    await settled();
    expect(resolver.pendingCount).to.equal(2);
    expect(await resolve('sip:c.example.com:1'), 'refused').to.deep.equal([]);
    expect(resolver.counters).to.include({ lookUps: 2, joined: 1, refusedPending: 1 });
    dns.release();
    expect(await Promise.all(both)).to.deep.equal([['UDP 192.0.2.1 1'], ['UDP 192.0.2.1 1'], []]);
    expect(resolver.pendingCount).to.equal(0);
    expect(scheduler.size, 'timers left').to.equal(0);
  });

  it('lets nobody wait longer than the timeout, and keeps what comes late', async () => {
    dns.hold();
    dns.has('A a.example.com', '192.0.2.1');
    const waiting = resolve('sip:a.example.com:1');
    await settled();
    scheduler.advance(3000);
    expect(await waiting).to.deep.equal([]);
    expect(resolver.counters.timeouts).to.equal(1);
    expect(resolver.pendingCount, 'its questions are still out').to.equal(1);
    dns.release();
    await settled();
    expect(resolver.pendingCount).to.equal(0);
    expect(texts(resolver.cached(query('sip:a.example.com:1'), UDP4 | TCP4))).to.deep.equal(['UDP 192.0.2.1 1']);
  });

  it('remembers a bounded number of names', async () => {
    for (const name of ['a', 'b', 'c', 'd']) await resolve(`sip:${name}.example.com:1`);
    expect(resolver.size).to.equal(3);
    expect(resolver.counters.evicted).to.equal(1);
    expect(resolver.cached(query('sip:a.example.com:1'), UDP4 | TCP4), 'the oldest went').to.equal(undefined);
    expect(resolver.cached(query('sip:b.example.com:1'), UDP4 | TCP4)).to.deep.equal([]);
  });

  it('uses a bounded number of servers and addresses of an answer', async () => {
    const addresses = Array.from({ length: 9 }, (_, index) => `192.0.2.${index}`);
    dns.has('A many.example.com', ...addresses);
    expect((await resolve('sip:many.example.com:1'))?.length).to.equal(4);
    dns.has('SRV _sip._udp.many.example.com', ...addresses.map((_, index) => srv(index, 0, index, 'one.example.com')));
    dns.has('A one.example.com', '192.0.2.1');
    expect((await resolve('sip:many.example.com', UDP4))?.length).to.equal(4);
    expect(resolver.counters.truncated).to.equal(10);
  });
});
