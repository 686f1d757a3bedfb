import { expect } from 'chai';

import { SipTargetTable, type SipTarget, type SipTargetOptions, type SipTargetRule } from '../../../lib/sec3/index.ts';
import { SipRequest } from '../../../sip/index.ts';
import { seededRandom } from '../../support/memory-network.ts';

const at = (port: number, options: Partial<SipTargetOptions> = {}): SipTargetOptions => ({
  uri: `sip:127.0.0.1:${port}`,
  retryAfterMilliseconds: 1000,
  maximumRetryAfterMilliseconds: 60_000,
  ...options,
});

const rule = (
  name: string,
  targets: readonly SipTargetOptions[],
  more: Partial<SipTargetRule> = {},
): SipTargetRule => ({
  name,
  domains: ['*'],
  responseTimeoutMilliseconds: 500,
  targets,
  ...more,
});

const tableOf = (rules: readonly SipTargetRule[], previous?: SipTargetTable): SipTargetTable =>
  new SipTargetTable(rules, { random: seededRandom(7), previous });

const request = (method: string, uri: string, event?: string): SipRequest => {
  const made = new SipRequest(method, uri);
  if (event !== undefined) made.set('Event', event);
  return made;
};

const MESSAGE = request('MESSAGE', 'sip:bob@example.com');

const chosen = (table: SipTargetTable, now: number): readonly SipTarget[] => {
  const selection = table.select(MESSAGE, now);
  return selection.outcome === 'found' ? selection.targets : [];
};

const ports = (table: SipTargetTable, now: number): number[] => chosen(table, now).map(({ query }) => query.port ?? 0);

const the = (table: SipTargetTable, index: number): SipTarget => {
  const target = table.rules[0]?.targets[index];
  if (target === undefined) throw new Error('no such target');
  return target;
};

const PEER = { address: '127.0.0.1', port: 1 };

describe('SEC-3 target table', () => {
  const table = tableOf([
    rule('location', [at(1)], { domains: ['example.com'], methods: ['SUBSCRIBE'], events: ['presence'] }),
    rule('calls', [at(2)], { domains: ['example.com'], methods: ['INVITE', 'BYE'] }),
    rule('rest', [at(2)], { methods: ['MESSAGE'] }),
  ]);

  it('chooses by domain, method and event package, whatever their case and parameters', () => {
    const selection = table.select(request('SUBSCRIBE', 'sip:bob@EXAMPLE.com', 'Presence;id=1'), 0);
    expect(selection).to.include({ outcome: 'found' });
    expect(selection.outcome === 'found' && selection.rule.name).to.equal('location');
  });

  it('falls to a rule for any domain', () => {
    expect(table.select(request('MESSAGE', 'sip:bob@elsewhere.example'), 0).outcome).to.equal('found');
  });

  it('tells an event package that nobody serves from a method that nobody serves', () => {
    expect(table.select(request('SUBSCRIBE', 'sip:bob@example.com', 'dialog'), 0)).to.deep.equal({
      outcome: 'bad-event',
      allowEvents: ['presence'],
    });
    expect(table.select(request('PUBLISH', 'sip:bob@example.com', 'dialog'), 0).outcome).to.equal('not-found');
  });

  it('takes a Request-URI without a host, an emergency call above all, by rules for every domain only', () => {
    const narrow = tableOf([rule('narrow', [at(1)], { domains: ['example.com'] })]);
    const wide = tableOf([rule('wide', [at(1)], { domains: ['*'] })]);
    for (const uri of ['tel:+15551234', 'urn:service:sos']) {
      expect(narrow.select(request('INVITE', uri), 0).outcome, uri).to.equal('not-found');
      expect(wide.select(request('INVITE', uri), 0).outcome, uri).to.equal('found');
    }
  });

  it('puts a target that failed behind the others until its time is over, and never leaves it out', () => {
    const pair = tableOf([rule('pair', [at(1, { priority: 0 }), at(2, { priority: 1 })])]);
    expect(ports(pair, 0)).to.deep.equal([1, 2]);
    the(pair, 0).failed('timeout', 0, PEER, []);
    expect(ports(pair, 999)).to.deep.equal([2, 1]);
    expect(ports(pair, 1000)).to.deep.equal([1, 2]);
    the(pair, 0).failed('unavailable', 2000, PEER, []);
    expect(ports(pair, 2001)).to.deep.equal([2, 1]);
    the(pair, 0).answered(PEER);
    expect(ports(pair, 2003)).to.deep.equal([1, 2]);
    the(pair, 0).failed('timeout', 3000, PEER, []);
    the(pair, 1).failed('timeout', 3000, PEER, []);
    expect(ports(pair, 3001), 'both failed').to.deep.equal([1, 2]);
  });

  it('draws among targets of one priority by weight, and takes lower priority numbers first', () => {
    const weighted = tableOf([
      rule('weighted', [
        at(1, { weight: 3, priority: 1 }),
        at(2, { weight: 1, priority: 1 }),
        at(3, { weight: 0, priority: 1 }),
        at(4, { priority: 2 }),
      ]),
    ]);
    const first = new Map<number, number>();
    for (let draw = 0; draw < 4000; draw++) {
      const order = ports(weighted, 0);
      expect(order).to.have.members([1, 2, 3, 4]);
      expect(order.at(-1), 'the higher number comes last').to.equal(4);
      first.set(order[0] ?? 0, (first.get(order[0] ?? 0) ?? 0) + 1);
    }
    // RFC 2782 draws from 0 to the sum of the weights, both included: 1 of 5 for weight 0, 3 of 5 and 1 of 5 for the others.
    expect((first.get(1) ?? 0) / 4000).to.be.closeTo(0.6, 0.03);
    expect((first.get(2) ?? 0) / 4000).to.be.closeTo(0.2, 0.03);
    expect((first.get(3) ?? 0) / 4000).to.be.closeTo(0.2, 0.03);
  });

  it('lesson 32: leaves a target alone for as long as its Retry-After says, within the bound, but not for 0', () => {
    const single = tableOf([rule('single', [at(1)])]);
    the(single, 0).failed('unavailable', 0, PEER, [], 0);
    expect(ports(single, 1)).to.deep.equal([1]);
    expect(the(single, 0).isAlive(1), '0 is no reason to avoid it').to.equal(true);
    the(single, 0).failed('unavailable', 0, PEER, [], 20);
    expect(single.select(MESSAGE, 12_500)).to.include({ outcome: 'unavailable', retryAfterSeconds: 8 });
    expect(ports(single, 20_000)).to.deep.equal([1]);
    the(single, 0).failed('unavailable', 20_000, PEER, [], 86_400);
    expect(single.select(MESSAGE, 79_999)).to.include({ outcome: 'unavailable', retryAfterSeconds: 1 });
    expect(ports(single, 80_000), 'a minute is believed, not a day').to.deep.equal([1]);
    expect(the(single, 0).state.passedOver['retry-after']).to.equal(2);
  });

  it('passes over a target that has as many requests as it may, counts that, and says 503 when all have', () => {
    const limited = tableOf([
      rule('limited', [at(1, { maximumInFlight: 2 }), at(2, { maximumInFlight: 1, priority: 1 })]),
    ]);
    the(limited, 0).state.inFlight = 2;
    expect(ports(limited, 0)).to.deep.equal([2]);
    the(limited, 1).state.inFlight = 1;
    expect(limited.select(MESSAGE, 0)).to.include({ outcome: 'unavailable', retryAfterSeconds: 5 });
    expect(the(limited, 0).state.passedOver.full).to.equal(2);
    expect(the(limited, 1).state.passedOver.full).to.equal(1);
    the(limited, 0).state.inFlight = 1;
    expect(ports(limited, 0)).to.deep.equal([1]);
  });

  it('gives a draining target nothing new until it is undrained, and knows no other URIs', () => {
    const pair = tableOf([rule('pair', [at(1), at(2, { priority: 1 })])]);
    expect(pair.drain('sip:127.0.0.1:1')).to.equal(true);
    expect(pair.drain('sip:127.0.0.1:9')).to.equal(false);
    expect(ports(pair, 0)).to.deep.equal([2]);
    expect(pair.drain('sip:127.0.0.1:2')).to.equal(true);
    expect(pair.select(MESSAGE, 0).outcome).to.equal('unavailable');
    expect(pair.undrain('sip:127.0.0.1:1')).to.equal(true);
    expect(ports(pair, 0)).to.deep.equal([1]);
  });

  it('shares what it knows of a server among the rules that name it, and hands it on to the next table', () => {
    const before = tableOf([rule('one', [at(1), at(2)]), rule('two', [at(1, { weight: 9 })])]);
    before.drain('sip:127.0.0.1:1');
    the(before, 0).state.inFlight = 4;
    the(before, 0).state.checked(false, 1);
    const after = tableOf([rule('three', [at(3), at(1, { maximumInFlight: 10 })])], before);
    expect(after.status(0)).to.deep.equal([
      {
        rule: 'three',
        uri: 'sip:127.0.0.1:3',
        weight: 1,
        priority: 0,
        state: 'up',
        inFlight: 0,
        outcomes: { answered: 0, timeout: 0, unavailable: 0 },
        passedOver: { down: 0, draining: 0, 'retry-after': 0, full: 0, unresolved: 0 },
      },
      {
        rule: 'three',
        uri: 'sip:127.0.0.1:1',
        weight: 1,
        priority: 0,
        state: 'draining',
        inFlight: 4,
        maximumInFlight: 10,
        outcomes: { answered: 0, timeout: 0, unavailable: 0 },
        passedOver: { down: 0, draining: 0, 'retry-after': 0, full: 0, unresolved: 0 },
      },
    ]);
    after.undrain('sip:127.0.0.1:1');
    expect(after.status(0)[1]?.state, 'the health check is remembered too').to.equal('down');
    expect(after.states.has('sip:127.0.0.1:2'), 'what no rule names any more is forgotten').to.equal(false);
    expect(before.rules[1]?.targets[0]?.state).to.equal(the(before, 0).state);
  });

  it('gives a snapshot that does not change any more', () => {
    const single = tableOf([rule('single', [at(1)])]);
    the(single, 0).failed('timeout', 0, PEER, []);
    const [status] = single.status(400);
    expect(status).to.include({ state: 'avoided', endsInMilliseconds: 600 });
    the(single, 0).failed('timeout', 500, PEER, []);
    expect(status?.outcomes.timeout).to.equal(1);
  });

  it('judges single addresses of a server with several by themselves, and the server when the last one fails', () => {
    const cluster = tableOf([rule('cluster', [at(0, { uri: 'sip:as.example.com' })])]);
    const target = the(cluster, 0);
    const [one, two] = [
      { address: '192.0.2.1', port: 5060, protocol: 'UDP' },
      { address: '192.0.2.2', port: 5060, protocol: 'UDP' },
    ] as const;
    const both = [one, two];
    target.failed('unavailable', 0, one, both, 30);
    expect(target.usable(both, 1)).to.deep.equal([two]);
    expect(chosen(cluster, 1)).to.deep.equal([target]);
    target.failed('timeout', 2, two, both);
    expect(target.usable(both, 3), 'silence puts it behind, it does not leave it out').to.deep.equal([two]);
    expect(chosen(cluster, 3), 'one is still there to be tried').to.deep.equal([target]);
    expect(target.isAlive(3), 'but the other targets come first').to.equal(false);
    target.failed('unavailable', 4, two, both, 10);
    expect(cluster.select(MESSAGE, 5), 'the first of them comes back').to.include({ retryAfterSeconds: 10 });
    expect(target.usable(both, 10_005)).to.deep.equal([two]);
    expect(target.usable(both, 30_001)).to.deep.equal(both);
  });

  it('knows the target behind an address', () => {
    const pair = tableOf([rule('pair', [at(1), at(0, { uri: 'sip:as.example.com' })])]);
    expect(pair.peers.find('127.0.0.1', 1)).to.equal(the(pair, 0));
    expect(pair.peers.find('192.0.2.1', 5060)).to.equal(undefined);
    pair.peers.add('192.0.2.1', 5060, the(pair, 1));
    expect(pair.peers.find('192.0.2.1', 5060)).to.equal(the(pair, 1));
    const bounded = new SipTargetTable([rule('pair', [at(1), at(2)])], { random: Math.random, maximumPeers: 1 });
    expect(bounded.peers.find('127.0.0.1', 1)).to.equal(the(bounded, 0));
    expect(bounded.peers.find('127.0.0.1', 2), 'one is all there is room for').to.equal(undefined);
    expect(bounded.peers.refused).to.equal(1);
  });
});
