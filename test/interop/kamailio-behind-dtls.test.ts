import { expect } from 'chai';

import { CIPHER_SUITES } from '../../dtls/index.ts';
import { NafId, UaSecurityProtocolId } from '../../kmc/index.ts';
import { nafKey, SoftwareUsim, UbClient } from '../../lib/seca/index.ts';
import { scenarioSubscriber } from '../../scenarios/support/subscribers.ts';
import { GATEWAY_FQDN } from '../../scenarios/support/system.ts';
import type { SipRequest } from '../../sip/index.ts';
import { DtlsAgent, waitFor } from '../support/dtls-agent.ts';
import { startBehindGateway, type BehindGateway } from './support/behind-gateway.ts';

describe('interop: Kamailio behind the gateway, agents over DTLS with GBA keys', function () {
  this.timeout(60_000);
  const { impi, impu, k, opc } = scenarioSubscriber(0);
  let stage: BehindGateway;
  let agent: DtlsAgent;

  before(async () => {
    stage = await startBehindGateway({
      agents: 1,
      moreListeners: [
        {
          name: 'secure',
          host: '127.0.0.1',
          port: 0,
          transports: ['dtls'],
          fqdn: GATEWAY_FQDN,
          authenticators: [{ type: 'gba-psk' }],
        },
      ],
    });
    const uicc = new SoftwareUsim({ k: Buffer.from(k, 'hex'), opc: Buffer.from(opc, 'hex') });
    const keys = await new UbClient({ url: stage.system.ubUrl, impi, uicc, timeoutMilliseconds: 10_000 }).bootstrap();
    agent = await DtlsAgent.connect({
      host: '127.0.0.1',
      port: await stage.system.listenerPort('secure'),
      psk: async (_hint, suite) => {
        const code = CIPHER_SUITES.find(({ name }) => name === suite)?.code ?? 0;
        const key = nafKey(keys, new NafId(GATEWAY_FQDN, UaSecurityProtocolId.forTls('OMA', code)));
        return { identity: `3GPP-bootstrapping;${keys.btid}`, key };
      },
    });
  });

  after(async () => {
    await agent.close();
    await stage.stop();
  });

  it('lesson 23: Kamailio finds the asserted identity, and no Via that it cannot read', async () => {
    const response = await agent.message(impu, 'sip:bob@uas.example.com', (request) => {
      // A further Via of the agent's side, as behind a proxy there.
      request.append('Via', 'SIP/2.0/DTLS-UDP 192.0.2.9:5061;branch=z9hG4bKbelow');
    });
    expect(response.status, 'Kamailio refuses what has no identity').to.equal(200);
    expect(
      response.values('Via').map((value) => value.split(' ')[0]),
      'the agent’s own come back',
    ).to.deep.equal(['SIP/2.0/DTLS-UDP', 'SIP/2.0/DTLS-UDP']);
    const seen = stage.kamailio.seen.find(({ callId }) => callId === response.callId);
    expect(seen?.header('P-Asserted-Identity')).to.equal(`<${impu}>`);
    expect(seen?.toBuffer().includes('DTLS'), 'in Via').to.equal(false);
  });

  it('REGISTER, and a MESSAGE of Kamailio’s side comes back along the association', async () => {
    const register = agent.createRequest('REGISTER', 'sip:example.com', impu);
    register.set('To', `<${impu}>`);
    register.append('Supported', 'path');
    register.append('Expires', '60');
    const registered = await agent.send(register);
    expect(registered.status).to.equal(200);
    expect(registered.values('Path').length).to.equal(2);

    const message = stage.server.createRequest('MESSAGE', impu, 'sip:alerts@example.com');
    expect((await stage.server.send(message)).status).to.equal(200);
    const delivered = agent.requests.find(({ callId }) => callId === message.callId);
    expect(delivered?.topVia?.protocol).to.equal('DTLS-UDP');
    expect(delivered?.has('Route')).to.equal(false);
  });

  it('a dialog stays: SUBSCRIBE, NOTIFY, and the same after the agent’s address has changed', async () => {
    const subscribe = agent.createRequest('SUBSCRIBE', 'sip:bob@example.com', impu);
    subscribe.append('Event', 'presence');
    subscribe.append('Expires', '60');
    const response = await agent.send(subscribe);
    expect(response.status).to.equal(200);
    const notifies = (): SipRequest[] =>
      agent.requests.filter(({ method, callId }) => method === 'NOTIFY' && callId === subscribe.callId);
    const first = await waitFor('the first NOTIFY', () => notifies()[0]);
    await agent.association.rebind();
    const refresh = agent.createRequest(
      'SUBSCRIBE',
      response.values('Contact')[0]?.replace(/^<|>.*$/g, '') ?? '',
      impu,
    );
    refresh.set('From', subscribe.header('From') ?? '');
    refresh.set('To', response.header('To') ?? '');
    refresh.set('Call-ID', subscribe.callId);
    refresh.set('CSeq', '2 SUBSCRIBE');
    for (const route of response.values('Record-Route').toReversed()) refresh.append('Route', route);
    refresh.append('Event', 'presence');
    refresh.append('Expires', '0');
    expect((await agent.send(refresh)).status).to.equal(200);
    expect(notifies().length).to.be.at.least(1);
    // A copy of the first one, whose answer was lost, does not count.
    const isLater = ({ cseq }: SipRequest): boolean => cseq.sequence > first.cseq.sequence;
    await waitFor('the NOTIFY after the address has changed', () => notifies().find(isLater));
  });
});
