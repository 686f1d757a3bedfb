import { randomBytes } from 'node:crypto';

import { expect } from 'chai';

import { flood, missing } from '../../../bench/flood/flood.ts';
import { BootstrappedGateway } from '../../../bench/support/bootstrapped-gateway.ts';
import { compiled } from '../../../bench/support/compile.ts';
import { usageOf } from '../../../bench/support/process-tree.ts';
import { BackgroundProgram } from '../../../bench/support/run-program.ts';
import { RawAgent } from '../../../scenarios/support/raw-agent.ts';
import { SipRequest, type SipResponse } from '../../../sip/index.ts';

const TARGET = 'sip:bob@example.com';
const DATAGRAMS = 50_000;

/** What the process may keep of a flood, in octets: garbage that V8 has not collected yet. */
const MEMORY_SLACK = 80e6;

describe('the gateway under a flood', function () {
  this.timeout(60_000);
  let gateway: BootstrappedGateway;
  let server: BackgroundProgram;
  let raw: RawAgent;
  let sent = 0;

  before(async () => {
    gateway = await BootstrappedGateway.start({ agents: 1, algorithms: ['SHA-256', 'MD5'] });
    server = new BackgroundProgram(await compiled('answerer'), [gateway.targetPort]);
    raw = await RawAgent.open({ address: '127.0.0.1', port: gateway.port });
  });

  after(async () => {
    await raw.close();
    await server.stop();
    expect(await gateway.stop()).to.equal(0);
  });

  /** Sends until an answer comes, as UDP wants it. */
  const send = async (request: SipRequest): Promise<SipResponse> => {
    for (;;) {
      sent++;
      const response = await raw.send(request, 500).catch(() => undefined);
      if (response !== undefined) return response;
    }
  };

  const exchange = async (): Promise<number> => {
    const [agent] = gateway.agents;
    if (agent === undefined) throw new Error('no agent');
    const request = raw.createRequest('MESSAGE', TARGET, agent.impu);
    return (await send(raw.answer(request, await send(request), agent))).status;
  };

  it('accounts for every datagram, serves a known agent, and keeps nothing of it', async () => {
    expect(await exchange()).to.equal(200);
    // Not measured: code that is compiled for the first flood stays.
    await flood(gateway, { datagrams: 10_000, perSecond: 10_000, sockets: 32, addresses: 200, kinds: 'gts' });
    const memoryBefore = usageOf(gateway.process.pid).memoryBytes;
    sent = 0;
    let answered = 0;
    const books = await flood(
      gateway,
      { datagrams: DATAGRAMS, perSecond: 10_000, sockets: 64, addresses: 400, kinds: 'gts' },
      async () => {
        for (const end = Date.now() + 4000; Date.now() < end; answered++) {
          expect(await exchange()).to.equal(200);
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      },
    );
    expect(books.sent).to.equal(DATAGRAMS);
    expect(missing(books, sent), JSON.stringify(books)).to.deep.equal([]);
    expect(books.known, 'the agent went past the queue').to.be.at.least(answered);
    expect(books.malformed, 'garbage and truncated SIP').to.be.above(0);
    expect(books.challenged, 'unauthenticated SIP').to.be.above(0);
    expect(answered).to.be.above(10);

    const metrics = await gateway.metrics();
    expect(metrics.get('osgate_admission_queue_length')).to.equal(0);
    expect(metrics.get('osgate_admission_known_flows'), 'the agent alone').to.equal(1);
    expect(metrics.get('osgate_admission_bans')).to.equal(0);
    expect(usageOf(gateway.process.pid).memoryBytes).to.be.below(memoryBefore + MEMORY_SLACK);
  });

  it('drops what one flow sends over its rate, and goes on with it later', async () => {
    const books = await flood(gateway, { datagrams: 3000, perSecond: 0, sockets: 1, addresses: 1, kinds: 's' });
    expect(books.rateLimited, JSON.stringify(books)).to.be.above(2000);
    expect(missing(books, 0), JSON.stringify(books)).to.deep.equal([]);
  });

  it('lesson 7: answers a stranger with no more than twice the octets that it sent, however short', async () => {
    const smallest = await RawAgent.open({ address: '127.0.0.1', port: gateway.port });
    try {
      for (const size of [0, 40, 80, 120, 200, 300, 400]) {
        const request = new SipRequest('OPTIONS', 'sip:a');
        request.append('Via', `SIP/2.0/UDP a;branch=z9hG4bK${randomBytes(4).toString('hex')};rport`);
        request.append('From', '<sip:a>;tag=1');
        request.append('To', '<sip:a>');
        request.append('Call-ID', '1');
        request.append('CSeq', '1 OPTIONS');
        if (size > 0) request.append('Subject', 'x'.repeat(size));
        const response = await smallest.send(request);
        const octets = request.toBuffer().length;
        expect(response.toBuffer().length, `${octets} octets`).to.be.at.most(octets * 2);
        expect(response.status, `${octets} octets`).to.equal(octets < 190 ? 400 : 407);
      }
      const metrics = await gateway.metrics();
      expect(metrics.get('osgate_admission_total{kind="challenge-withheld"}')).to.be.above(0);
      expect(metrics.get('osgate_admission_total{kind="challenge-shortened"}')).to.be.above(0);
    } finally {
      await smallest.close();
    }
  });
});
