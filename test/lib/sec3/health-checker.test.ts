import { randomBytes } from 'node:crypto';
import { setImmediate as settled } from 'node:timers/promises';

import { expect } from 'chai';

import { HealthChecker, SipTarget, type HealthCheckSettings } from '../../../lib/sec3/index.ts';
import type { Flow, ServerTransaction, SipMessage } from '../../../sip/index.ts';
import { SipRequest, TransactionEngine } from '../../../sip/index.ts';
import { MemoryNetwork, seededRandom } from '../../support/memory-network.ts';
import { SipNode } from '../../support/sip-node.ts';
import { VirtualScheduler } from '../../support/virtual-scheduler.ts';

const SETTINGS: HealthCheckSettings = {
  intervalMilliseconds: 10_000,
  timeoutMilliseconds: 2000,
  downAfter: 3,
  upAfter: 2,
  healthyStatuses: [405, 481],
  maxForwards: 1,
};

const targetFor = (uri: string): SipTarget =>
  new SipTarget({ uri, retryAfterMilliseconds: 30_000, maximumRetryAfterMilliseconds: 60_000 });

describe('health checks of targets', () => {
  let scheduler: VirtualScheduler;
  let one: SipNode;
  let two: SipNode;
  let target: SipTarget;
  let flows: () => Flow[];
  let checker: HealthChecker;
  let transitions: string[];
  /** Start lines that a message observer of the gateway's engine saw. */
  let observed: string[];
  let gateway: TransactionEngine;
  let status: number | undefined;

  beforeEach(() => {
    scheduler = new VirtualScheduler();
    const network = new MemoryNetwork(scheduler);
    one = new SipNode(network, scheduler, 5081);
    two = new SipNode(network, scheduler, 5082);
    transitions = [];
    observed = [];
    status = 200;
    gateway = new TransactionEngine({
      scheduler,
      random: randomBytes,
      observe: {
        onMessage: (direction: string, message: SipMessage) => {
          observed.push(`${direction} ${message instanceof SipRequest ? message.method : 'response'}`);
        },
        onDropped: () => undefined,
      },
    });
    const transport = network.open(5070, (datagram, peer, from) => {
      gateway.receive(datagram, { transport: from, peer });
    });
    const to = (node: SipNode): Flow => ({ transport, peer: node.transport.local });
    flows = () => [to(one)];
    target = targetFor('sip:192.0.2.1:5081');
    one.onServerTransaction = (transaction) => {
      answer(transaction, status);
    };
    let token = 0;
    checker = new HealthChecker({
      scheduler,
      random: seededRandom(11),
      send: (request, flow, handler) => {
        gateway.request(request, flow, handler);
      },
      token: () => `token-${++token}`,
      flowsTo: async () => flows(),
      onTransition: ({ uri }, state, cause) => transitions.push(`${uri} ${state}: ${cause}`),
    });
    both = () => [to(one), to(two)];
  });

  let both: () => Flow[];

  const answer = (transaction: ServerTransaction, code: number | undefined, retryAfter?: string): void => {
    if (code === undefined) return;
    const response = transaction.request.createResponse(code);
    if (retryAfter !== undefined) response.set('Retry-After', retryAfter);
    transaction.respond(response);
  };

  /** Lets time pass in steps, so that what waits for a promise runs in between. */
  const pass = async (milliseconds: number): Promise<void> => {
    for (let left = milliseconds; left > 0; left -= 500) {
      scheduler.advance(Math.min(left, 500));
      await settled();
    }
  };

  it('asks with OPTIONS at the interval, first somewhere within it', async () => {
    checker.check([{ target, settings: SETTINGS }]);
    await pass(10_000);
    expect(one.requests.length).to.equal(1);
    await pass(30_500);
    expect(one.requests.length).to.equal(4);
    const request = one.requests[0]?.request;
    expect(request?.method).to.equal('OPTIONS');
    expect(request?.uri).to.equal('sip:192.0.2.1:5081');
    expect(request?.header('Max-Forwards')).to.equal('1');
    expect(new Set(one.requests.map(({ request: { callId } }) => callId)).size).to.equal(4);
    expect(target.state.probes).to.deep.equal({ healthy: 4, unhealthy: 0, silent: 0 });
    checker.stop();
    await pass(30_000);
    expect(one.requests.length, 'stopped').to.equal(4);
  });

  it('lesson 34: sends checks through the engine, so that whoever watches messages sees them', async () => {
    checker.check([{ target, settings: SETTINGS }]);
    await pass(10_000);
    expect(observed).to.deep.equal(['out OPTIONS', 'in response']);
  });

  it('takes a target for down after so many failures in a row, and for up after so many successes', async () => {
    status = 404;
    checker.check([{ target, settings: SETTINGS }]);
    await pass(20_000);
    expect(target.state.probes.unhealthy).to.equal(2);
    status = 200;
    await pass(10_000);
    status = 404;
    await pass(20_000);
    expect(target.state.up, 'two, one well, two').to.equal(true);
    await pass(10_000);
    expect(target.state.up).to.equal(false);
    expect(target.takes(scheduler.now())).to.equal(false);
    expect(target.state.passedOver.down).to.equal(1);
    status = 200;
    await pass(10_000);
    expect(target.state.up, 'one is not enough').to.equal(false);
    await pass(10_000);
    expect(target.state.up).to.equal(true);
    expect(transitions).to.deep.equal(['sip:192.0.2.1:5081 down: 404', 'sip:192.0.2.1:5081 up: 200']);
    expect(target.state.transitions).to.deep.equal({ up: 1, down: 1 });
  });

  it('takes silence for a failure, and an answer that comes too late for none', async () => {
    one.onServerTransaction = (transaction) => {
      scheduler.schedule(2500, () => {
        answer(transaction, 200);
      });
    };
    checker.check([{ target, settings: { ...SETTINGS, downAfter: 2 } }]);
    await pass(25_000);
    expect(target.state.up).to.equal(false);
    expect(target.state.probes).to.include({ healthy: 0, silent: 2, unhealthy: 2 });
    expect(transitions).to.deep.equal(['sip:192.0.2.1:5081 down: no answer']);
  });

  it('lesson 32: takes a 503 to a check for down at once, never for well, and leaves the target alone as it asks', async () => {
    one.onServerTransaction = (transaction) => {
      answer(transaction, 503, '40');
    };
    checker.check([{ target, settings: { ...SETTINGS, healthyStatuses: [405], upAfter: 1 } }]);
    await pass(10_000);
    expect(target.state.up).to.equal(false);
    expect(target.state.retryAfter - scheduler.now()).to.be.within(30_000, 40_000);
    one.onServerTransaction = (transaction) => {
      answer(transaction, 200);
    };
    await pass(10_000);
    expect(target.state.up).to.equal(true);
    expect(target.takes(scheduler.now()), 'well, but not yet').to.equal(false);
    await pass(30_000);
    expect(target.takes(scheduler.now())).to.equal(true);
  });

  it('takes the listed statuses for those of a server that serves', async () => {
    for (const code of [405, 481]) {
      status = code;
      checker.check([{ target, settings: { ...SETTINGS, downAfter: 1 } }]);
      await pass(10_000);
    }
    expect(target.state.probes).to.deep.equal({ healthy: 2, unhealthy: 0, silent: 0 });
  });

  it('asks the addresses of a name one after the other, and takes one that is well for enough', async () => {
    flows = both;
    status = undefined;
    two.onServerTransaction = (transaction) => {
      answer(transaction, 200);
    };
    checker.check([{ target, settings: { ...SETTINGS, downAfter: 1 } }]);
    await pass(12_500);
    expect(two.requests.length).to.equal(1);
    expect(target.state.probes).to.deep.equal({ healthy: 1, unhealthy: 0, silent: 1 });
    two.onServerTransaction = undefined;
    await pass(14_500);
    expect(target.state.up).to.equal(false);
    flows = () => [];
    target.state.assumeUp();
    await pass(10_000);
    expect(transitions.at(-1)).to.equal('sip:192.0.2.1:5081 down: no address');
  });

  it('checks each URI once, and takes a target that is not checked any more for up', async () => {
    const twin = new SipTarget(
      { uri: target.uri, retryAfterMilliseconds: 1, maximumRetryAfterMilliseconds: 1 },
      target.state,
    );
    status = 500;
    checker.check([
      { target, settings: { ...SETTINGS, downAfter: 1 } },
      { target: twin, settings: SETTINGS },
    ]);
    await pass(10_000);
    expect(one.requests.length).to.equal(1);
    expect(twin.state.up).to.equal(false);
    checker.check([{ target, settings: { ...SETTINGS, downAfter: 1 } }]);
    expect(twin.state.up, 'a new configuration forgets nothing').to.equal(false);
    checker.check([{ target: twin, settings: undefined }]);
    expect(twin.state.up).to.equal(true);
    expect(transitions.at(-1)).to.equal('sip:192.0.2.1:5081 up: no health check any more');
    await pass(20_000);
    expect(one.requests.length).to.equal(1);
  });
});
