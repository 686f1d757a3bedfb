import { expect } from 'chai';

import { AdmissionGate, type AdmissionGateOptions } from '../../../../lib/sec1/admission/admission-gate.ts';
import type { SipListener } from '../../../../lib/sec1/index.ts';
import { AuthenticatorChain } from '../../../../lib/identity/index.ts';
import type { Flow, Transport } from '../../../../sip/index.ts';

const LIMITS: Omit<AdmissionGateOptions, 'deliver' | 'defer' | 'now' | 'random'> = {
  strangers: {
    perFlow: { perSecond: 50, burst: 100 },
    perAddress: { perSecond: 5000, burst: 10_000 },
    buckets: 65_536,
  },
  known: { maximumFlows: 1000, seconds: 600, rate: { perSecond: 100, burst: 200 } },
  queue: {
    maximumDatagrams: 100,
    maximumBytes: 1_000_000,
    maximumAgeMilliseconds: 400,
    sliceMicroseconds: 1000,
    challengedSeconds: 5,
  },
  ban: { flowScore: 20, addressScore: 100, halfLifeSeconds: 60, seconds: 30, maximumSources: 1000 },
};

function transport(port: number, reliable = false): Transport {
  return {
    protocol: 'UDP',
    reliable,
    local: { address: '192.0.2.100', port },
    sentBy: `192.0.2.100:${port}`,
    send: () => true,
    isConnected: () => true,
    close: () => Promise.resolve(),
  };
}

/** A gate whose time passes by `costMilliseconds` with each datagram that is served, and whose turns a test makes. */
function setUp(changes: Partial<typeof LIMITS> = {}, costMilliseconds = 0) {
  const clock = { now: 1000 };
  const delivered: string[] = [];
  let deferred: (() => void) | undefined;
  const outside = transport(5060);
  const inside = transport(5061);
  const gate = new AdmissionGate({
    ...LIMITS,
    ...changes,
    deliver: (datagram) => {
      delivered.push(datagram.toString());
      clock.now += costMilliseconds;
    },
    defer: (callback) => {
      deferred = callback;
    },
    now: () => clock.now,
    random: (octets) => Buffer.alloc(octets, 9),
  });
  const listener = (name: string, over: Transport, trusts: (address: string) => boolean): SipListener => ({
    name,
    fqdn: 'osg.example.com',
    transport: over,
    transports: [over],
    authenticators: new AuthenticatorChain({ authenticators: [] }),
    counters: () => ({}),
    nonceFill: () => 0,
    trusts,
  });
  gate.setListeners([
    listener('agents', outside, () => false),
    listener('inside', inside, (address) => address.startsWith('10.')),
  ]);
  const flow = (port: number, address = '192.0.2.1', over = outside): Flow => ({
    transport: over,
    peer: { address, port },
  });
  return {
    gate,
    clock,
    delivered,
    flow,
    inside,
    receive: (text: string, from: Flow) => {
      gate.receive(Buffer.from(text), from);
    },
    /** One turn of the event loop; false when nobody waits. */
    turn: (): boolean => {
      const callback = deferred;
      deferred = undefined;
      callback?.();
      return callback !== undefined;
    },
  };
}

/** What came, by what became of it; everything that came must be in it. */
function dropped(counters: Readonly<Record<string, number>>): Record<string, number> {
  const names = ['rate-limited', 'banned', 'queue-full', 'queue-too-old'];
  return Object.fromEntries(names.map((name) => [name, counters[name] ?? 0]));
}

function addsUp({ counters, queueLength }: AdmissionGate): boolean {
  const of = (...names: readonly string[]): number => names.reduce((sum, name) => sum + (counters[name] ?? 0), 0);
  return (
    of('received') === of('inside', 'known', 'queued', 'rate-limited', 'banned') &&
    of('queued') === of('served', 'queue-full', 'queue-too-old') + queueLength
  );
}

describe('AdmissionGate', () => {
  it('serves the inside and known flows at once, and strangers in the next turn', () => {
    const { gate, delivered, flow, inside, receive, turn } = setUp();
    gate.authenticated(flow(5070));
    receive('stranger', flow(5071));
    receive('known', flow(5070));
    receive('inside', flow(5060, '10.0.0.1', inside));
    receive('inside again', flow(5060, '10.0.0.1', inside));
    expect(delivered).to.deep.equal(['known', 'inside', 'inside again']);
    turn();
    expect(delivered.at(-1)).to.equal('stranger');
    expect(gate.counters).to.include({ received: 4, inside: 2, known: 1, queued: 1, served: 1, promoted: 1 });
    expect(addsUp(gate)).to.equal(true);
  });

  it('believes an address of the inside only where it is the inside', () => {
    const { gate, delivered, flow, receive } = setUp();
    receive('forged', flow(5060, '10.0.0.1'));
    expect(delivered).to.deep.equal([]);
    expect(gate.counters).to.include({ inside: 0, queued: 1 });
  });

  it('knows a flow by address, port and listener, for a time after its last success', () => {
    const { gate, clock, delivered, flow, inside, receive } = setUp();
    gate.authenticated(flow(5070));
    receive('other port', flow(5071));
    receive('other address', flow(5070, '192.0.2.2'));
    receive('other listener', flow(5070, '192.0.2.1', inside));
    expect(delivered).to.deep.equal([]);
    clock.now += 599_000;
    gate.authenticated(flow(5070));
    clock.now += 599_000;
    receive('known', flow(5070));
    expect(delivered).to.deep.equal(['known']);
    clock.now += 1000;
    receive('forgotten', flow(5070));
    expect(delivered).to.deep.equal(['known']);
    for (let step = 0; step < 10; step++) gate.sweep();
    expect(gate.knownFlows).to.equal(0);
  });

  it('refuses to know more flows than configured, and keeps those that it knows', () => {
    const { gate, delivered, flow, receive } = setUp({ known: { ...LIMITS.known, maximumFlows: 10 } });
    for (let port = 1; port <= 12; port++) gate.authenticated(flow(port));
    for (let port = 1; port <= 12; port++) receive(String(port), flow(port));
    expect(gate.counters['known-full']).to.equal(2);
    expect(delivered.length).to.equal(10);
  });

  it('lets a known flow wait among strangers for what is over its rate', () => {
    const { gate, clock, delivered, flow, receive, turn } = setUp();
    gate.authenticated(flow(5070));
    for (let count = 0; count < 250; count++) receive('known', flow(5070));
    expect(gate.counters).to.include({ known: 200, 'known-over-rate': 50, queued: 50 });
    while (turn());
    expect(delivered.length).to.equal(250);
    clock.now += 1000;
    receive('known', flow(5070));
    expect(gate.counters['known']).to.equal(201);
  });

  it('drops what one flow, and what one address, sends over its rate, and counts it', () => {
    const { gate, flow, receive } = setUp({
      strangers: {
        perFlow: { perSecond: 50, burst: 100 },
        perAddress: { perSecond: 500, burst: 1000 },
        buckets: 1024,
      },
      queue: { ...LIMITS.queue, maximumDatagrams: 10_000 },
    });
    for (let count = 0; count < 150; count++) receive('x', flow(5070));
    expect(gate.counters['rate-limited']).to.equal(50);
    for (let port = 6000; port < 8000; port++) receive('x', flow(port));
    expect(gate.counters['rate-limited']).to.equal(50 + 2000 - 900);
    receive('x', flow(5070, '192.0.2.2'));
    expect(gate.counters['queued']).to.equal(1001);
    expect(addsUp(gate)).to.equal(true);
  });

  it('drops what finds the queue full, by number and by octets', () => {
    const { gate, flow, receive } = setUp();
    for (let port = 0; port < 150; port++) receive('x', flow(port));
    expect(gate.counters['queue-full']).to.equal(50);
    expect(gate.queueLength).to.equal(100);
    const small = setUp({ queue: { ...LIMITS.queue, maximumBytes: 65_535 } });
    for (let port = 0; port < 10; port++) small.receive('x'.repeat(10_000), small.flow(port));
    expect(small.gate.counters['queue-full']).to.equal(4);
    expect(addsUp(small.gate)).to.equal(true);
  });

  it('lesson 33: drops what waited so long that it has been sent again, but not from a connection', () => {
    const { gate, clock, delivered, flow, receive, turn } = setUp();
    receive('old', flow(1));
    receive('over tcp', flow(1, '192.0.2.1', transport(5062, true)));
    clock.now += 401;
    receive('fresh', flow(2));
    turn();
    expect(delivered).to.deep.equal(['over tcp', 'fresh']);
    expect(gate.counters['queue-too-old']).to.equal(1);
    expect(addsUp(gate)).to.equal(true);
  });

  it('lesson 33: serves strangers a slice in each turn, so that the known never wait longer', () => {
    const { clock, delivered, flow, receive, turn, gate } = setUp({}, 0.25);
    gate.authenticated(flow(5070));
    for (let port = 0; port < 20; port++) receive('stranger', flow(port));
    const start = clock.now;
    turn();
    expect(clock.now - start).to.be.at.most(1.25);
    expect(delivered.length).to.equal(4);
    receive('known', flow(5070));
    expect(delivered.at(-1)).to.equal('known');
    while (turn());
    expect(delivered.length).to.equal(21);
  });

  it('lesson 33: serves one stranger a turn while the sockets bring as much as they can', () => {
    const { delivered, flow, receive, turn } = setUp({}, 0.25);
    for (let port = 0; port < 32; port++) receive('stranger', flow(port));
    turn();
    expect(delivered.length).to.equal(1);
    turn();
    expect(delivered.length).to.equal(5);
  });

  it('lesson 33: what is too old takes no turn from what is not', () => {
    const { clock, delivered, flow, receive, turn, gate } = setUp();
    for (let port = 0; port < 50; port++) receive('old', flow(port));
    clock.now += 401;
    for (let port = 50; port < 90; port++) receive('fresh', flow(port));
    turn();
    expect(delivered).to.deep.equal(['fresh']);
    expect(gate.counters['queue-too-old']).to.equal(50);
  });

  it('lesson 33: who was challenged goes before newcomers, who are served all the same', () => {
    const { gate, clock, delivered, flow, receive, turn } = setUp({}, 0.1);
    for (let port = 0; port < 20; port++) receive('newcomer', flow(port));
    for (let port = 100; port < 106; port++) {
      gate.challenged(flow(port));
      receive('challenged', flow(port));
    }
    turn();
    turn();
    const first = delivered.slice(0, 8);
    expect(first.filter((who) => who === 'challenged').length).to.equal(6);
    expect(first.filter((who) => who === 'newcomer').length, 'one in four').to.equal(2);
    clock.now += 5001;
    receive('challenged long ago', flow(100));
    expect(gate.counters['queued-front']).to.equal(6);
  });

  it('lesson 33: a flood of first requests from made-up sources takes nothing from those who are known', () => {
    const { gate, delivered, flow, receive, turn } = setUp({}, 0.05);
    gate.authenticated(flow(5070));
    let asked = 0;
    for (let count = 0; count < 50_000; count++) {
      const from = flow(count & 0xffff, `203.0.${(count >> 8) & 255}.${count & 255}`);
      receive('flood', from);
      gate.challenged(from);
      if (count % 1000 === 0) {
        asked++;
        receive('known', flow(5070));
        expect(delivered.at(-1)).to.equal('known');
      }
      if (count % 32 === 0) turn();
    }
    expect(gate.counters['known']).to.equal(asked);
    expect(gate.knownFlows).to.equal(1);
    expect(addsUp(gate)).to.equal(true);
  });

  it('lesson 20: bans a stranger for wrong keys, never for stale nonces, and says so in its own counter', () => {
    const { gate, clock, flow, receive } = setUp();
    for (let count = 0; count < 1000; count++) gate.refused(flow(5070), 'stale');
    receive('honest', flow(5070));
    for (let count = 0; count < 5; count++) gate.refused(flow(5070), 'wrong-key');
    receive('banned', flow(5070));
    receive('neighbour', flow(5071));
    expect(gate.counters).to.include({ banned: 1, queued: 2, 'ban-flows': 1, 'ban-addresses': 0 });
    expect(gate.bans).to.equal(1);
    clock.now += 30_000;
    receive('again', flow(5070));
    expect(gate.counters).to.include({ banned: 1, queued: 3 });
    expect(addsUp(gate)).to.equal(true);
  });

  it('bans all strangers of an address that guesses from many ports, but no flow of it that is known', () => {
    const { gate, delivered, flow, receive } = setUp();
    gate.authenticated(flow(5070));
    for (let port = 6000; port < 6030; port++) gate.refused(flow(port), 'wrong-key');
    receive('stranger', flow(5071));
    receive('known', flow(5070));
    receive('other address', flow(5071, '192.0.2.2'));
    expect(gate.counters).to.include({ banned: 1, known: 1, queued: 1, 'ban-addresses': 1 });
    expect(delivered).to.deep.equal(['known']);
  });

  it('does not ban an address behind which many succeed and some fail', () => {
    const { gate, flow, receive } = setUp();
    for (let port = 6000; port < 6500; port++) {
      if (port % 2 === 0) gate.refused(flow(port), 'wrong-key');
      else gate.authenticated(flow(port));
    }
    receive('stranger', flow(5071));
    expect(gate.counters).to.include({ banned: 0, 'ban-addresses': 0 });
  });

  it('nobody gets a known flow banned by forging its address', () => {
    const { gate, delivered, flow, receive } = setUp();
    gate.authenticated(flow(5070));
    for (let count = 0; count < 1000; count++) gate.refused(flow(5070), 'wrong-key');
    receive('known', flow(5070));
    expect(delivered).to.deep.equal(['known']);
    expect(dropped(gate.counters)).to.deep.equal({
      'rate-limited': 0,
      banned: 0,
      'queue-full': 0,
      'queue-too-old': 0,
    });
  });

  it('knows an association that began with a proof from its first message on, wherever that comes from', () => {
    const { gate, delivered, receive, turn, flow } = setUp();
    const proven: Transport = { ...transport(5061), isAuthenticated: () => true };
    const from = (port: number, association: number, over = proven): Flow => ({
      transport: over,
      peer: { address: '192.0.2.1', port, association },
    });
    receive('first', from(1000, 1));
    receive('moved', from(2000, 1));
    expect(delivered).to.deep.equal(['first', 'moved']);
    receive('plain, from the same address', flow(1000));
    receive('without proof', from(1000, 2, transport(5062)));
    expect(delivered.length, 'strangers wait').to.equal(2);
    while (turn());
    expect(delivered.length).to.equal(4);
    expect(gate.counters).to.include({ received: 4, known: 2, queued: 2, promoted: 1 });
    expect(addsUp(gate)).to.equal(true);
  });

  it('bounds the rate of an association that is known, as of any other flow', () => {
    const { gate, receive } = setUp({ known: { ...LIMITS.known, rate: { perSecond: 1, burst: 3 } } });
    const proven: Transport = { ...transport(5061), isAuthenticated: () => true };
    for (let count = 0; count < 5; count++) {
      receive(`${count}`, { transport: proven, peer: { address: '192.0.2.1', port: count + 1, association: 9 } });
    }
    expect(gate.counters).to.include({ known: 3, 'known-over-rate': 2 });
  });

  it('gets nobody banned who authenticated over an association before', () => {
    const { gate, receive } = setUp();
    const over = transport(5061);
    const from: Flow = { transport: over, peer: { address: '192.0.2.1', port: 1, association: 1 } };
    gate.authenticated(from);
    for (let count = 0; count < 100; count++) gate.refused(from, 'wrong-key');
    receive('known', from);
    expect(gate.counters).to.include({ known: 1, banned: 0 });
  });
});
