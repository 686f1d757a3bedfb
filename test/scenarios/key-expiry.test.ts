import { expect } from 'chai';

import { NodeProcess, OSGATE } from '../../scenarios/support/node-process.ts';
import { scenarioSubscriber } from '../../scenarios/support/subscribers.ts';
import { GATEWAY_FQDN, System } from '../../scenarios/support/system.ts';

describe('a subscription over DTLS', function () {
  this.timeout(120_000);

  it('outlives its GBA key: the agent bootstraps again and goes on in a new association', async () => {
    const alice = scenarioSubscriber(0);
    const dtls = { name: 'agents-dtls', host: '127.0.0.1', port: 0, transports: ['dtls'], fqdn: GATEWAY_FQDN };
    const system = await System.start({
      subscribers: [alice],
      keyLifetimeSeconds: 12,
      locationServer: ['--interval', '500'],
      moreListeners: [{ ...dtls, authenticators: [{ type: 'gba-psk' }] }],
    });
    let agent: NodeProcess | undefined;
    try {
      const gateway = `sip:127.0.0.1:${await system.listenerPort('agents-dtls')}`;
      const config = await system.agentConfig('alice', alice, { transport: 'dtls', gateway });
      agent = new NodeProcess('agent', OSGATE, ['agent', 'subscribe', '-c', config, 'sip:bob@example.com', '--json']);
      const { gateway: process, kmc } = system;
      // Both sides hold the key's end, each by its own clock: either may be the first to close.
      const ended = await process.waitFor('the end', ({ event }) => event === 'dtls-closed');
      expect(ended['reason']).to.be.oneOf(['key-expired', 'peer-closed']);
      const opened = (): number => process.records.filter(({ event }) => event === 'dtls-opened').length;
      await process.waitFor('a new association', () => opened() === 2);
      const before = agent.records.length;
      await agent.waitFor('a location by it', () => (agent?.records.length ?? 0) > before + 1);
      expect(kmc.records.filter(({ event }) => event === 'bootstrapped').length).to.equal(2);
    } finally {
      await agent?.stop();
      await system.stop();
    }
  });
});
