import { expect } from 'chai';

import { RawAgent } from '../../../scenarios/support/raw-agent.ts';
import { scenarioSubscriber } from '../../../scenarios/support/subscribers.ts';
import { System } from '../../../scenarios/support/system.ts';

describe('the gateway’s metrics', () => {
  it('show what came in, what was refused and why, and what every bound counts', async function () {
    this.timeout(60_000);
    const system = await System.start({ subscribers: [scenarioSubscriber(0)], metrics: true });
    const raw = await RawAgent.open({ address: '127.0.0.1', port: system.gatewayPort });
    try {
      const response = await raw.send(raw.createRequest('MESSAGE', 'sip:bob@example.com', scenarioSubscriber(0).impu));
      expect(response.status).to.equal(407);
      const { port } = await system.gateway.waitFor(
        'metrics',
        (record) => record.event === 'listening' && record.interface === 'metrics',
      );
      const text = await (await fetch(`http://127.0.0.1:${String(port)}/metrics`)).text();
      for (const line of [
        'osgate_sip_refused_total{reason="no-credentials",status="407"} 1',
        'osgate_sip_messages_total{direction="in",listener="agents"} 1',
        'osgate_sip_engine_total{kind="requestsIn"} 1',
        'osgate_sip_engine_total{kind="refusedTableFull"} 0',
        'osgate_sip_listeners_total{kind="nonce-full"} 0',
        'osgate_sip_listeners_total{kind="udp-received"} 1',
        'osgate_sip_transactions 0',
      ]) {
        expect(text).to.contain(`${line}\n`);
      }
    } finally {
      await raw.close();
      await system.stop();
    }
  });
});
