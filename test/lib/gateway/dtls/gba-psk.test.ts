import { randomBytes } from 'node:crypto';

import { expect } from 'chai';

import { CIPHER_SUITES, type DtlsConnectOptions } from '../../../../dtls/index.ts';
import { NafId, UaSecurityProtocolId } from '../../../../kmc/index.ts';
import { nafKey, nafPassword, SoftwareUsim, UbClient, type BootstrappedKeys } from '../../../../lib/seca/index.ts';
import { scenarioSubscriber } from '../../../../scenarios/support/subscribers.ts';
import { GATEWAY_FQDN, System } from '../../../../scenarios/support/system.ts';
import { answerChallenge, type SipRequest, type SipResponse } from '../../../../sip/index.ts';
import { DtlsAgent, waitFor } from '../../../support/dtls-agent.ts';

describe('DTLS with GBA keys through the gateway as a process', function () {
  this.timeout(60_000);
  const [alice, bob] = [scenarioSubscriber(0), scenarioSubscriber(1)];
  let system: System;
  let keys: BootstrappedKeys;
  const open: DtlsAgent[] = [];

  before(async () => {
    const dtls = { host: '127.0.0.1', port: 0, transports: ['dtls'], fqdn: GATEWAY_FQDN };
    system = await System.start({
      subscribers: [alice, bob],
      moreListeners: [
        { ...dtls, name: 'oma', authenticators: [{ type: 'gba-psk' }] },
        { ...dtls, name: '3gpp', authenticators: [{ type: 'gba-psk', uaSecurityProtocol: '3gpp' }] },
        {
          ...dtls,
          name: 'both',
          authenticators: [
            { type: 'gba-psk', digestAsWell: true },
            { type: 'gba-digest', uaSecurityProtocolId: '0300000003' },
          ],
        },
      ],
    });
    keys = await bootstrap(alice);
  });

  after(async () => {
    expect(await system.stop()).to.deep.equal([0, 0, 0]);
  });

  afterEach(async () => {
    await Promise.all(open.splice(0).map((agent) => agent.close()));
  });

  const bootstrap = async ({ impi, k, opc }: typeof alice): Promise<BootstrappedKeys> => {
    const uicc = new SoftwareUsim({ k: Buffer.from(k, 'hex'), opc: Buffer.from(opc, 'hex') });
    return new UbClient({ url: system.ubUrl, impi, uicc, timeoutMilliseconds: 10_000 }).bootstrap();
  };

  const connect = async (
    listener: string,
    organisation: 'OMA' | '3GPP' = 'OMA',
    options: Partial<DtlsConnectOptions> = {},
  ): Promise<DtlsAgent> => {
    const agent = await DtlsAgent.connect({
      host: '127.0.0.1',
      port: await system.listenerPort(listener),
      handshakeTimeoutMilliseconds: 5000,
      psk: async (hint, suite) => {
        expect(hint).to.equal('3GPP-bootstrapping');
        const code = CIPHER_SUITES.find(({ name }) => name === suite)?.code ?? 0;
        const nafId = new NafId(GATEWAY_FQDN, UaSecurityProtocolId.forTls(organisation, code));
        return { identity: `3GPP-bootstrapping;${keys.btid}`, key: nafKey(keys, nafId) };
      },
      ...options,
    });
    open.push(agent);
    return agent;
  };

  for (const suite of [
    'TLS_PSK_WITH_AES_128_GCM_SHA256',
    'TLS_PSK_WITH_AES_256_GCM_SHA384',
    'TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256',
    'TLS_PSK_WITH_AES_128_CCM_8',
  ]) {
    it(`takes the key of 03 00 01 and the suite in force: ${suite}`, async () => {
      const cipherSuites = [suite];
      const agent = await connect('oma', 'OMA', { cipherSuites }).catch((error: unknown) => error);
      if (suite.endsWith('CCM_8')) {
        // For constrained devices alone, so not among the defaults of a gateway.
        expect(agent).to.be.instanceOf(Error);
        return;
      }
      if (!(agent instanceof DtlsAgent)) throw agent;
      expect(agent.association.getCipher().standardName).to.equal(suite);
      expect((await agent.message(alice.impu)).status).to.equal(200);
      expect((await agent.message(bob.impu)).status, 'somebody else').to.equal(403);
    });
  }

  it('takes the key of 01 00 01 where the listener says so, and no other', async () => {
    const agent = await connect('3gpp', '3GPP');
    expect((await agent.message(alice.impu)).status).to.equal(200);
    for (const [listener, organisation] of [['3gpp', 'OMA'] as const, ['oma', '3GPP'] as const]) {
      const refused: unknown = await connect(listener, organisation).catch((error: unknown) => error);
      expect(refused, listener).to.be.instanceOf(Error);
    }
  });

  it('resumes without the key centre, as the same subscriber', async () => {
    const first = await connect('oma');
    expect((await first.message(alice.impu)).status).to.equal(200);
    const { session } = first.association;
    expect(session).to.be.instanceOf(Buffer);
    await first.close();
    const second = await connect('oma', 'OMA', { session });
    expect(second.association.resumed).to.equal(true);
    expect((await second.message(alice.impu)).status).to.equal(200);
    expect((await second.message(bob.impu)).status).to.equal(403);
  });

  it('asks for a digest as well where the listener wants it, and only takes that of the same subscriber', async () => {
    const nafId = new NafId(GATEWAY_FQDN, UaSecurityProtocolId.SIP_DIGEST);
    const agent = await connect('both');
    const challenge = await agent.message(alice.impu);
    expect(challenge.status).to.equal(407);
    expect((await again(agent, alice.impu, keys.btid, nafPassword(keys, nafId))).status).to.equal(200);
    const others = await bootstrap(bob);
    const response = await again(agent, bob.impu, others.btid, nafPassword(others, nafId));
    expect(response.status).to.equal(403);
    expect(response.header('Warning')).to.contain('channel-mismatch');
  });

  const again = async (agent: DtlsAgent, impu: string, username: string, password: string): Promise<SipResponse> => {
    const request: SipRequest = agent.createRequest('MESSAGE', 'sip:bob@example.com', impu);
    const challenge = await agent.send(request);
    const answer = answerChallenge({
      challenges: challenge.headers('Proxy-Authenticate'),
      username,
      password,
      method: request.method,
      uri: request.uri,
      body: request.body,
      cnonce: randomBytes(8).toString('hex'),
    });
    request.set('Via', agent.newVia());
    request.set('CSeq', '2 MESSAGE');
    request.append('Proxy-Authorization', answer?.credentials ?? '');
    return agent.send(request);
  };

  it('writes the hash of a B-TID to the log, and no B-TID with a key or a body', async () => {
    const agent = await connect('oma');
    await agent.message(alice.impu);
    const opened = await system.gateway.waitFor('association', ({ event }) => event === 'dtls-opened');
    expect(opened.subjectHash).to.match(/^[0-9a-f]{16}$/);
    await agent.close();
    await waitFor('close', () => system.gateway.records.find(({ event }) => event === 'dtls-closed'));
  });
});
