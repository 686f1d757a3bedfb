import { expect } from 'chai';

import { parseConfig } from '../../../lib/config/index.ts';
import { OsgateError } from '../../../lib/errors.ts';

const CONFIG = `
kmc:
  domain: kmc.example.net
  subscribers: { database: users.sqlite, secretKey: { file: key } }
gateway:
  keyCentre: { type: embedded }
  secret: { file: key }
  dtls:
    certificates: [{ certificate: c.pem, privateKey: c.key }]
    handover: associations
  sec1:
    sip:
      - name: edge
        host: 127.0.0.1
        transports: [dtls]
        fqdn: gateway.example.net
        authenticators: [{ type: gba-psk, digestAsWell: true }, { type: certificate, authorities: a.pem }, { type: gba-digest }]
    datagram:
      - name: coap
        host: 127.0.0.1
        port: 5684
        fqdn: gateway.example.net
        authenticators: [{ type: psk, identities: psk.txt }]
        target: { host: 127.0.0.1, port: 5683 }
  sec3:
    sip: []
`;

describe('the configuration of DTLS', () => {
  it('listens at 5061 for DTLS alone, and at 5060 for anything else', () => {
    const port = (text: string): number | undefined => parseConfig(text, 'osgate.yaml').gateway?.sec1.sip[0]?.port;
    expect(port(CONFIG)).to.equal(5061);
    expect(port(CONFIG.replace('[dtls]', '[udp, dtls]'))).to.equal(5060);
    expect(port(CONFIG.replace('transports: [dtls]', 'transports: [dtls]\n        port: 7'))).to.equal(7);
  });

  it('fills in a datagram listener', () => {
    expect(parseConfig(CONFIG, '/etc/osgate.yaml').gateway?.sec1.datagram[0]).to.deep.equal({
      name: 'coap',
      host: '127.0.0.1',
      port: 5684,
      fqdn: 'gateway.example.net',
      authenticators: [{ type: 'psk', identities: '/etc/psk.txt', publicIdentities: [] }],
      target: { host: '127.0.0.1', port: 5683 },
      proxyProtocol: 'none',
      maximumFlows: 10_000,
      flowIdleSeconds: 300,
      maximumDatagramBytes: 16_384,
    });
  });

  for (const { name, from, to, problem } of [
    {
      name: 'a handover without a secret to seal it under',
      from: '  secret: { file: key }\n',
      to: '',
      problem: 'gateway.dtls.handover: found "associations", expected a gateway.secret, under which the file is sealed',
    },
    {
      name: 'authenticators of a handshake without DTLS',
      from: 'transports: [dtls]',
      to: 'transports: [tcp]',
      problem:
        'gateway.sec1.sip[0].authenticators[0].type: found "gba-psk", expected an authenticator for the transports of the listener, or dtls among those',
    },
    {
      name: 'certificates of clients without one of the gateway',
      from: 'certificates: [{ certificate: c.pem, privateKey: c.key }]',
      to: 'mtu: 1000',
      problem:
        'gateway.sec1.sip[0].authenticators[1].type: found "certificate", expected gateway.dtls.certificates, with which the gateway answers',
    },
    {
      name: 'a digest as well that nobody could give',
      from: ', { type: gba-digest }',
      to: '',
      problem:
        'gateway.sec1.sip[0].authenticators[0].digestAsWell: found true, expected an authenticator digest, gba-digest or push-digest beside it',
    },
    {
      name: 'one name for two listeners',
      from: 'name: coap',
      to: 'name: edge',
      problem: 'gateway.sec1.datagram[0].name: found "edge", expected a name that no other listener has',
    },
    {
      name: 'one port for two listeners',
      from: 'port: 5684',
      to: 'port: 5061',
      problem: 'gateway.sec1.datagram[0].port: found 5061, expected an address and port that no other listener has',
    },
  ]) {
    it(`refuses ${name}`, () => {
      expect(problemsIn(CONFIG.replace(from, to))).to.include(problem);
    });
  }

  it('refuses DTLS with nothing to prove anything by', () => {
    const text = CONFIG.replace(
      /authenticators: \[\{ type: gba-psk.*\]/,
      'authenticators: [{ type: gba-digest }]',
    ).replace('certificates: [{ certificate: c.pem, privateKey: c.key }]', 'mtu: 1000');
    expect(problemsIn(text)[0]).to.contain(
      'gateway.dtls.certificates, or an authenticator gba-psk, push-psk or psk, for dtls',
    );
  });
});

function problemsIn(text: string): string[] {
  try {
    parseConfig(text, 'osgate.yaml');
  } catch (error) {
    if (!(error instanceof OsgateError)) throw error;
    return error.message.split('\n').map((line) => line.replace(/^osgate\.yaml:\d+: /, ''));
  }
  throw new TypeError('nothing was thrown');
}
