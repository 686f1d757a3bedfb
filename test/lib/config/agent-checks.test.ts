import { expect } from 'chai';

import { parseConfig } from '../../../lib/config/index.ts';

const AGENT = `
agent:
  impi: 001010000000001@ims.example.net
  publicIdentity: sip:alice@example.net
  usim: { k: '465b5ce8b199b49faa5f0a2ee238a6bc', opc: 'cd63cb71954a9f4e48a5994e37a02baf' }
  ub: { url: 'http://127.0.0.1:8080/' }
  gateway: sip:127.0.0.1
  gatewayFqdn: gateway.example.net
  transport: dtls
`;

function problemsOf(dtls: string): string {
  try {
    parseConfig(`${AGENT}  dtls: ${dtls}\n`, '/etc/osgate/agent.yaml');
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

describe('the configuration of the agent’s association', () => {
  it('offers PSK suites with forward secrecy first, and certificate suites when those are asked for', () => {
    const { agent } = parseConfig(AGENT, '/etc/osgate/agent.yaml');
    expect(agent?.dtls.cipherSuites[0]).to.equal('TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256');
    expect(agent?.dtls.cipherSuites.every((suite) => suite.includes('PSK'))).to.equal(true);
    const text = `${AGENT}  dtls: { authentication: certificate, authorities: ca.pem }\n`;
    const certificates = parseConfig(text, '/etc/osgate/agent.yaml').agent?.dtls;
    expect(certificates?.cipherSuites.some((suite) => suite.includes('PSK'))).to.equal(false);
    expect(certificates?.authorities).to.equal('/etc/osgate/ca.pem');
  });

  it('refuses keys that would have no effect, or with which no association comes about', () => {
    const cases = [
      ['{ authentication: certificate }', 'agent.dtls.authorities'],
      ['{ authorities: ca.pem }', 'agent.dtls.authentication'],
      ['{ authentication: certificate, authorities: ca.pem, client: node-dtls-client }', 'agent.dtls.client'],
      ['{ authentication: certificate, authorities: ca.pem, certificate: a.pem }', 'agent.dtls.privateKey'],
      ['{ cipherSuites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256] }', 'agent.dtls.cipherSuites[0]'],
      ['{ cipherSuites: [TLS_PSK_WITH_SOMETHING] }', 'agent.dtls.cipherSuites[0]'],
      [
        '{ client: node-dtls-client, cipherSuites: [TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256] }',
        'agent.dtls.cipherSuites',
      ],
      ['{ reconnect: { initialMilliseconds: 2000, maximumMilliseconds: 1000 } }', 'agent.dtls.reconnect.maximum'],
    ];
    for (const [dtls = '', key = ''] of cases) expect(problemsOf(dtls), dtls).to.contain(key);
  });

  it('refuses to listen for local programs at an address that they cannot name in a route', () => {
    expect(problemsOf('{}\n  proxy: { host: 0.0.0.0 }')).to.contain('agent.proxy.host');
  });
});
