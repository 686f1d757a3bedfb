import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { isSipUri, NodeDnsClient, parseUri, reachBit, resolutionQuery, SipResolver } from '../../../sip/index.ts';
import { Dnsmasq } from '../../support/dnsmasq.ts';
import { seededRandom } from '../../support/memory-network.ts';
import { VirtualScheduler } from '../../support/virtual-scheduler.ts';

const OPTIONS = { timeoutMilliseconds: 1000, assumedTtlMilliseconds: 60_000 };

describe('the DNS through node:dns, at a real dnsmasq', () => {
  let dnsmasq: Dnsmasq;
  let client: NodeDnsClient;

  before(async () => {
    dnsmasq = await Dnsmasq.start([
      '--host-record=one.example.test,127.0.0.11,::11,300',
      '--host-record=two.example.test,127.0.0.12,120',
      '--naptr-record=example.test,20,10,s,SIP+D2U,,_sip._udp.example.test',
      '--naptr-record=example.test,10,10,s,SIP+D2T,,_sip._tcp.example.test',
      '--naptr-record=example.test,5,10,s,SIPS+D2T,,_sips._tcp.example.test',
      '--srv-host=_sip._udp.example.test,one.example.test,5070,10,60',
      '--srv-host=_sip._udp.example.test,two.example.test,5071,10,20',
      '--srv-host=_sip._udp.example.test,two.example.test,5072,20,20',
      '--srv-host=_sip._tcp.example.test,one.example.test,5073,10,10',
    ]);
    client = new NodeDnsClient({ ...OPTIONS, servers: [dnsmasq.server] });
  });

  after(async () => {
    client.close();
    await dnsmasq.stop();
  });

  it('gives addresses with their time to live', async () => {
    expect(await client.a('one.example.test')).to.deep.equal({
      outcome: 'found',
      records: ['127.0.0.11'],
      ttlMilliseconds: 300_000,
    });
    expect(await client.aaaa('one.example.test')).to.deep.equal({
      outcome: 'found',
      records: ['::11'],
      ttlMilliseconds: 300_000,
    });
  });

  it('gives NAPTR and SRV records with the time to live assumed for them', async () => {
    const naptr = await client.naptr('example.test');
    expect(naptr).to.include({ outcome: 'found', ttlMilliseconds: 60_000 });
    expect(naptr.outcome === 'found' && naptr.records.map(({ service }) => service)).to.have.members([
      'SIP+D2U',
      'SIP+D2T',
      'SIPS+D2T',
    ]);
    const srv = await client.srv('_sip._tcp.example.test');
    expect(srv).to.include({ outcome: 'found', ttlMilliseconds: 60_000 });
    expect(srv.outcome === 'found' && srv.records[0]).to.include({
      target: 'one.example.test',
      port: 5073,
      priority: 10,
      weight: 10,
    });
  });

  it('tells that there is nothing from that nobody knows', async () => {
    expect(await client.a('nobody.test')).to.deep.equal({ outcome: 'none' });
    expect(await client.aaaa('two.example.test'), 'the name is there, the record is not').to.deep.equal({
      outcome: 'none',
    });
    expect(await client.a('elsewhere.example.com'), 'dnsmasq refuses what is not its own').to.deep.equal({
      outcome: 'failed',
    });
    const dead = new NodeDnsClient({ ...OPTIONS, timeoutMilliseconds: 50, servers: ['127.0.0.1:1'] });
    expect(await dead.srv('_sip._udp.example.test')).to.deep.equal({ outcome: 'failed' });
  });

  it('finds the way from a domain to addresses and ports, and asks nothing again', async () => {
    const resolver = new SipResolver({
      dns: client,
      scheduler: new VirtualScheduler(),
      random: seededRandom(5),
      limits: {
        minimumTtlMilliseconds: 1000,
        maximumTtlMilliseconds: 100_000,
        negativeTtlMilliseconds: 1000,
        staleMilliseconds: 0,
        timeoutMilliseconds: 5000,
        maximumNames: 100,
        maximumPending: 10,
        maximumDestinations: 10,
      },
    });
    const uri = parseUri('sip:example.test');
    if (!isSipUri(uri)) throw new Error('no SIP URI');
    const query = resolutionQuery(uri);
    const both = await resolver.resolve(query, reachBit('UDP', 4) | reachBit('TCP', 4));
    const shown = both.map(({ protocol, address, port }) => `${protocol} ${address} ${port}`);
    expect(shown[0], 'NAPTR prefers TCP').to.equal('TCP 127.0.0.11 5073');
    expect(shown.slice(1, 3)).to.have.members(['UDP 127.0.0.11 5070', 'UDP 127.0.0.12 5071']);
    expect(shown[3]).to.equal('UDP 127.0.0.12 5072');
    const six = await resolver.resolve(query, reachBit('UDP', 6));
    expect(six).to.deep.equal([{ protocol: 'UDP', address: '::11', port: 5070 }]);
    const asked = dnsmasq.asked.length;
    const first = { 5070: 0, 5071: 0 };
    for (let draw = 0; draw < 2000; draw++) {
      const [, next] = resolver.cached(query, reachBit('UDP', 4) | reachBit('TCP', 4)) ?? [];
      if (next?.port === 5070 || next?.port === 5071) first[next.port]++;
    }
    expect(first[5070] / 2000, '60 of 80, as RFC 2782 draws').to.be.closeTo(61 / 81, 0.04);
    expect(dnsmasq.asked.length).to.equal(asked);
    expect(dnsmasq.asked.some((question) => question.includes('_sips'))).to.equal(false);
  });

  it('does not ask for names of the hosts file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'osgate-hosts-'));
    try {
      const hostsFile = join(folder, 'hosts');
      await writeFile(
        hostsFile,
        '# comment\n127.0.0.21\tAS.local as # short\n::21 as.local\nnonsense as\n127.0.0.22 as\n',
      );
      const local = new NodeDnsClient({ ...OPTIONS, servers: [dnsmasq.server], hostsFile });
      const asked = dnsmasq.asked.length;
      expect(await local.a('as.LOCAL')).to.include({ outcome: 'found', ttlMilliseconds: 60_000 });
      expect(await local.aaaa('as.local')).to.deep.include({ records: ['::21'] });
      expect(await local.a('as')).to.deep.include({ records: ['127.0.0.21', '127.0.0.22'] });
      expect(await local.aaaa('as')).to.deep.equal({ outcome: 'none' });
      expect(await local.naptr('as')).to.deep.equal({ outcome: 'none' });
      expect(await local.srv('_sip._udp.as.local')).to.deep.equal({ outcome: 'none' });
      expect(dnsmasq.asked.length).to.equal(asked);
      expect(await local.a('one.example.test')).to.deep.include({ records: ['127.0.0.11'] });
    } finally {
      await rm(folder, { recursive: true });
    }
    const missing = new NodeDnsClient({ ...OPTIONS, servers: [dnsmasq.server], hostsFile: '/nowhere/hosts' });
    expect(await missing.a('two.example.test')).to.include({ ttlMilliseconds: 120_000 });
  });
});
