import { expect } from 'chai';

import { parseConfig } from '../../../lib/config/index.ts';

/** Without `ub`: an agent that never bootstraps. */
const AGENT = `
agent:
  impi: 001010000000001@ims.example.net
  publicIdentity: sip:alice@example.net
  usim: { k: '465b5ce8b199b49faa5f0a2ee238a6bc', opc: 'cd63cb71954a9f4e48a5994e37a02baf' }
  gateway: sip:127.0.0.1
  gatewayFqdn: gateway.example.net
`;

const agentOf = (more: string) => parseConfig(`${AGENT}${more}`, '/etc/osgate/agent.yaml').agent;

function problemsOf(more: string): string {
  try {
    agentOf(more);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

describe('the configuration of an agent that takes pushes', () => {
  it('has a store beside the configuration file, and registers, unless told otherwise', () => {
    expect(agentOf('')?.push).to.deep.include({ store: '/etc/osgate/push-agent.sqlite', sip: true });
    expect(agentOf('  push: { store: /var/lib/a.sqlite, sip: false }')?.push).to.deep.include({
      store: '/var/lib/a.sqlite',
      sip: false,
    });
  });

  it('takes a key that was handed out, and offers it in suites with PSK', () => {
    const dtls = agentOf('  dtls: { authentication: psk, pskFile: alice.psk }')?.dtls;
    expect(dtls?.pskFile).to.equal('/etc/osgate/alice.psk');
    expect(dtls?.cipherSuites.every((suite) => suite.includes('PSK'))).to.equal(true);
  });

  it('refuses keys that would have no effect or lead nowhere', () => {
    const cases = [
      ['  dtls: { authentication: psk }', 'agent.dtls.pskFile'],
      ['  dtls: { pskFile: alice.psk }', 'agent.dtls.authentication'],
      ['  push: { gateways: [] }', 'agent.push.gateways'],
      ['  push: { command: [] }', 'agent.push.command'],
      ['  push: { udp: {} }', 'agent.push.udp.port'],
      ['  push: { registrar: example.net }', 'agent.push.registrar'],
      ['  digest: { username: desk7 }', 'agent.digest.passwordFile'],
    ] as const;
    for (const [more, key] of cases) expect(problemsOf(more), more).to.include(key);
  });
});
