import { expect } from 'chai';

import { BootstrappedGateway, type BootstrappedGatewayOptions } from '../../../bench/support/bootstrapped-gateway.ts';
import { compiled } from '../../../bench/support/compile.ts';
import { BackgroundProgram } from '../../../bench/support/run-program.ts';
import { RawAgent } from '../../../scenarios/support/raw-agent.ts';
import type { SipRequest, SipResponse } from '../../../sip/index.ts';

const TARGET = 'sip:bob@example.com';

/** A gateway, a server behind it, and a way to get agents. */
class Site {
  readonly gateway: BootstrappedGateway;
  readonly #server: BackgroundProgram;
  readonly #raws: RawAgent[] = [];

  private constructor(gateway: BootstrappedGateway, server: BackgroundProgram) {
    this.gateway = gateway;
    this.#server = server;
  }

  static async start(options: Partial<BootstrappedGatewayOptions>): Promise<Site> {
    const gateway = await BootstrappedGateway.start({ agents: 1, ...options });
    return new Site(gateway, new BackgroundProgram(await compiled('answerer'), [gateway.targetPort]));
  }

  async raw(): Promise<RawAgent> {
    const raw = await RawAgent.open({ address: '127.0.0.1', port: this.gateway.port });
    this.#raws.push(raw);
    return raw;
  }

  /** A request, and after a challenge its answer with that password, the right one where absent. */
  async exchange(raw: RawAgent, options: { password?: string; edit?: (request: SipRequest) => void } = {}) {
    const [agent] = this.gateway.agents;
    if (agent === undefined) throw new Error('no agent');
    const request = raw.createRequest('MESSAGE', TARGET, agent.impu);
    options.edit?.(request);
    const first = await raw.send(request);
    if (first.status !== 407) return first;
    return raw.send(raw.answer(request, first, { ...agent, password: options.password ?? agent.password }));
  }

  async counter(kind: string): Promise<number> {
    return (await this.gateway.metrics()).get(`osgate_admission_total{kind="${kind}"}`) ?? 0;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#raws.map((raw) => raw.close()));
    await this.#server.stop();
    await this.gateway.stop();
  }
}

describe('the gateway’s admission, as configured', function () {
  this.timeout(60_000);

  it('lesson 20: a flow with wrong keys is not listened to for a while, its neighbours are, and a proven one always', async () => {
    const site = await Site.start({ admission: { ban: { flowScore: 10, seconds: 3 } } });
    try {
      const proven = await site.raw();
      expect((await site.exchange(proven)).status).to.equal(200);
      for (let count = 0; count < 5; count++) {
        expect((await site.exchange(proven, { password: 'wrong' })).status).to.equal(407);
      }
      expect((await site.exchange(proven)).status).to.equal(200);

      const guesser = await site.raw();
      for (let count = 0; count < 3; count++) {
        expect((await site.exchange(guesser, { password: 'wrong' })).status).to.equal(407);
      }
      const request = guesser.createRequest('MESSAGE', TARGET, 'sip:user0@example.com');
      const silence = await guesser.send(request, 500).catch(() => 'no answer');
      expect(silence).to.equal('no answer');
      expect(await site.counter('banned')).to.equal(1);
      expect(await site.counter('ban-flows')).to.equal(1);
      expect((await site.gateway.metrics()).get('osgate_admission_bans')).to.equal(1);
      expect((await site.exchange(await site.raw())).status, 'a neighbour').to.equal(200);
      await new Promise((resolve) => setTimeout(resolve, 3000));
      expect((await site.exchange(guesser)).status, 'after the ban').to.equal(200);
    } finally {
      await site.stop();
    }
  });

  const refusesWhenFull = async (options: Partial<BootstrappedGatewayOptions>): Promise<void> => {
    const site = await Site.start({
      ...options,
      admission: {
        overload: { tableFillPercent: 30, retryAfterMinimumSeconds: 7, retryAfterMaximumSeconds: 9 },
      },
    });
    try {
      const raw = await site.raw();
      let refused: SipResponse | undefined;
      for (let count = 0; count < 20 && refused === undefined; count++) {
        const response = await site.exchange(raw);
        if (response.status === 503) refused = response;
        // Overload is measured ten times a second.
        await new Promise((resolve) => setTimeout(resolve, 120));
      }
      expect(Number(refused?.header('Retry-After'))).to.be.within(7, 9);
      expect((await site.counter('overloaded-known')) + (await site.counter('overloaded-strangers'))).to.be.above(0);
      const metrics = await site.gateway.metrics();
      expect(metrics.get('osgate_sip_refused_total{reason="overloaded",status="503"}')).to.be.above(0);
      expect(metrics.get('osgate_admission_overload_level')).to.be.above(0);

      // Calls for help and dialogs are looked at as ever, however many there are.
      for (let count = 0; count < 10; count++) {
        const help = raw.createRequest('MESSAGE', TARGET, 'sip:user0@example.com');
        help.append('Priority', 'emergency');
        expect((await raw.send(help)).status).to.equal(407);
        const bye = raw.createRequest('BYE', TARGET, 'sip:user0@example.com');
        bye.set('To', `<${TARGET}>;tag=1`);
        expect((await raw.send(bye)).status).to.equal(407);
      }
    } finally {
      await site.stop();
    }
  };

  it('lesson 32: answers 503 with a spread Retry-After as the table of transactions fills, but not to dialogs and emergencies', () =>
    refusesWhenFull({ limits: { maximumServerTransactions: 20 } }));

  it('lesson 32: answers 503 as the table of nonces fills', () => refusesWhenFull({ limits: { maximumNonces: 20 } }));

  it('limits strangers by flow and by address', async () => {
    const site = await Site.start({
      admission: { strangers: { flowPerSecond: 1, flowBurst: 2, addressPerSecond: 1, addressBurst: 5 } },
    });
    try {
      const answers = async (raw: RawAgent, requests: number): Promise<number> => {
        const sent = Array.from({ length: requests }, () =>
          raw.send(raw.createRequest('MESSAGE', TARGET, 'sip:user0@example.com'), 400).catch(() => undefined),
        );
        return (await Promise.all(sent)).filter((response) => response !== undefined).length;
      };
      expect(await answers(await site.raw(), 8), 'of one flow').to.be.within(2, 5);
      const limited = await site.counter('rate-limited');
      expect(limited).to.be.within(3, 6);
      let all = 0;
      for (let flow = 0; flow < 5; flow++) all += await answers(await site.raw(), 2);
      expect(all, 'of one address').to.be.below(10);
      expect(await site.counter('rate-limited')).to.be.above(limited);
    } finally {
      await site.stop();
    }
  });
});
