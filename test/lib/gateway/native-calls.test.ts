import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

import { NodeProcess, OSGATE, type LogRecord } from '../../../scenarios/support/node-process.ts';
import { scenarioSubscriber } from '../../../scenarios/support/subscribers.ts';
import { GATEWAY_FQDN, System, type SystemOptions } from '../../../scenarios/support/system.ts';

const WITHOUT_KOFFI = fileURLToPath(new URL('../../support/without-koffi.cjs', import.meta.url));

describe('the optional package koffi', function () {
  this.timeout(60_000);

  const alice = scenarioSubscriber(0);
  const dtls = { name: 'agents-dtls', host: '127.0.0.1', port: 0, transports: ['dtls'], fqdn: GATEWAY_FQDN };

  /** Gets a location over DTLS. @returns what the gateway said meanwhile */
  async function locate(options: Partial<SystemOptions>): Promise<readonly LogRecord[]> {
    const moreListeners = [{ ...dtls, authenticators: [{ type: 'gba-psk' }] }];
    const system = await System.start({ subscribers: [alice], moreListeners, ...options });
    let agent: NodeProcess | undefined;
    try {
      const gateway = `sip:127.0.0.1:${await system.listenerPort('agents-dtls')}`;
      const config = await system.agentConfig('alice', alice, { transport: 'dtls', gateway });
      agent = new NodeProcess('agent', OSGATE, ['agent', 'subscribe', '-c', config, 'sip:bob@example.com', '--json']);
      await agent.waitFor('a location', ({ entity }) => entity === 'pres:bob@example.com');
      return system.gateway.records;
    } finally {
      await agent?.stop();
      await system.stop();
    }
  }

  const said = (records: readonly LogRecord[]): unknown[] =>
    records.map(({ event }) => event).filter((event) => event === 'no-batches' || event === 'records-by-node-crypto');

  it('is used where it is', async () => {
    expect(said(await locate({}))).to.deep.equal([]);
  });

  it('is done without where it is not, and the log says so', async () => {
    const gatewayEnvironment = { NODE_OPTIONS: `--require=${WITHOUT_KOFFI}` };
    expect(said(await locate({ gatewayEnvironment }))).to.have.members(['no-batches', 'records-by-node-crypto']);
  });

  it('is not missed where it is not wanted', async () => {
    const gatewayEnvironment = { NODE_OPTIONS: `--require=${WITHOUT_KOFFI}` };
    const gateway = { datagrams: { batches: false }, dtls: { callsOpenssl: false } };
    expect(said(await locate({ gatewayEnvironment, gateway }))).to.deep.equal([]);
  });
});
