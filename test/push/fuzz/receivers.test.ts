import { expect } from 'chai';

import { TEST_SUBSCRIBER } from '../../kmc/subscribers/test-subscriber.ts';
import { TOKEN, InitiatorWorld } from '../../lib/push/support/initiator-world.ts';
import { mutate } from '../../sip/fuzz/mutate.ts';
import { seededRandom } from '../../support/memory-network.ts';
import { PushAgent } from '../support/push-agent.ts';
import { PUSH_INITIATOR_FUZZ_TARGETS } from './initiator-targets.ts';
import { PUSH_FUZZ_TARGETS } from './targets.ts';

const INPUTS = 400;

function corpusOf(name: string): readonly string[] {
  return PUSH_FUZZ_TARGETS.concat(PUSH_INITIATOR_FUZZ_TARGETS).find((target) => target.name === name)?.corpus ?? [];
}

describe('push: fuzzing whole receivers', function () {
  this.timeout(60_000);
  const seed = Number(process.env['OSGATE_FUZZ_SEED'] ?? Date.now() % 2 ** 31);

  it(`lesson 25: an agent never rejects, and neither its application nor the gateway hears of what nobody sent (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    const agent = new PushAgent({ now: Date.UTC(2026, 11, 1) }, { impi: TEST_SUBSCRIBER.impi });
    for (let input = 0; input < INPUTS * 5; input++) {
      const octets = Buffer.from(mutate(random, corpusOf('push-package')), 'latin1');
      const { reception, reply } = await agent.receiver.receive(octets);
      expect(reception.outcome).to.equal('ignored');
      expect(reply).to.equal(undefined);
    }
    expect(agent.got).to.deep.equal([]);
  });

  it(`lesson 25: a server for initiators answers everything, and never with an error of its own (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    const world = await InitiatorWorld.open({
      tls: undefined,
      initiators: [
        { name: 'weather', token: { file: 'weather.token' }, recipients: ['*'], perSecond: 10_000, burst: 10_000 },
      ],
    });
    const boundary = 'multipart/related; boundary="osgate-1"; type="application/xml"';
    const requests = [
      { path: '/pushes', type: 'application/json', corpus: corpusOf('push-json') },
      { path: '/pap', type: 'application/xml', corpus: corpusOf('push-pap') },
      { path: '/pap', type: boundary, corpus: corpusOf('push-multipart') },
    ];
    const statuses = new Set<number>();
    try {
      for (let input = 0; input < INPUTS; input++) {
        for (const { path, type, corpus } of requests) {
          const body = Buffer.from(mutate(random, corpus), 'latin1');
          const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': type };
          const answer = await fetch(world.url + path, { method: 'POST', headers, body });
          const text = await answer.text();
          statuses.add(answer.status);
          expect(
            answer.status === 202 || (answer.status >= 400 && answer.status < 500) || answer.status === 503,
            text,
          ).to.equal(true);
          if (path === '/pap') expect(text).to.match(/^<\?xml [^]*<\/pap>\n$/);
          else expect(JSON.parse(text)).to.have.property(answer.status === 202 ? 'state' : 'code');
        }
      }
      expect([...statuses]).to.include.members([202, 400]);
    } finally {
      await world.close();
    }
  });
});
