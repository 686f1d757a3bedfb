import { expect } from 'chai';

import { parseConfig } from '../../../lib/config/index.ts';
import { OsgateError } from '../../../lib/errors.ts';

const CONFIG = `
kmc:
  domain: kmc.example.net
  subscribers: { database: users.sqlite, secretKey: { file: key } }
gateway:
  keyCentre: { type: embedded }
  sec1:
    sip:
      - name: edge
        host: 127.0.0.1
        fqdn: gateway.example.net
        authenticators: [{ type: gba-digest }, { type: digest, gsids: [0, 7] }]
        unauthenticatedMethods: [OPTIONS]
  sec3:
    sip:
      - { name: all, domains: ['*'], targets: ['sip:127.0.0.1:5070'] }
  policy:
    methods:
      - { methods: [INVITE], requires: [{ gsid: 7, flags: [1] }] }
`;

describe('the configuration of authenticators and policy', () => {
  it('fills in what a digest authenticator needs', () => {
    const config = parseConfig(CONFIG, 'osgate.yaml');
    expect(config.gateway?.sec1.sip[0]?.authenticators[1]).to.deep.equal({
      type: 'digest',
      realm: 'gateway.example.net',
      algorithms: ['SHA-256', 'MD5'],
      qop: ['auth', 'auth-int'],
      challenge: 'proxy',
      nonceLifetimeSeconds: 300,
      gsids: [0, 7],
      userCacheMaximum: 100_000,
      userCacheSeconds: 60,
      unknownUserSeconds: 10,
    });
    expect(config.gateway?.policy.methods).to.deep.equal([
      { methods: ['INVITE'], requires: [{ gsid: 7, flags: [1] }] },
    ]);
    const without = parseConfig(CONFIG.slice(0, CONFIG.indexOf('  policy:')), 'osgate.yaml');
    expect(without.gateway?.policy).to.deep.equal({ methods: [] });
  });

  for (const { name, from, to, problem } of [
    {
      name: 'digest users without a kmc section',
      from: /kmc:[^]*gateway:\n {2}keyCentre: .*/,
      to: 'gateway:\n  keyCentre: { type: nbsp, url: "https://kmc", tls: { certificate: c, privateKey: k, authorities: a } }',
      problem:
        'gateway.sec1.sip[0].authenticators[1].type: found "digest", expected a kmc section beside the gateway, whose subscribers has the users',
    },
    {
      name: 'one realm for two authenticators of a listener',
      from: 'type: digest,',
      to: 'type: digest, realm: "3GPP-bootstrapping@gateway.example.net",',
      problem:
        'gateway.sec1.sip[0].authenticators[1]: found a group of keys, expected a realm that no other authenticator of this listener has',
    },
    {
      name: 'two kinds of challenge on one listener',
      from: 'type: digest,',
      to: 'type: digest, challenge: server,',
      problem:
        'gateway.sec1.sip[0].authenticators[1].challenge: found "server", expected proxy, as the first one of this listener has',
    },
    {
      name: 'a method that requires a GSID which nobody asks for',
      from: 'gsid: 7',
      to: 'gsid: 9',
      problem:
        'gateway.policy.methods[0].requires[0].gsid: found 9, expected a GSID that an authenticator asks for (gsids): 0, 7',
    },
    {
      name: 'a target that requires a GSID which nobody asks for',
      from: '{ name: all,',
      to: '{ name: all, requires: [{ gsid: 0 }, { gsid: 8 }],',
      problem:
        'gateway.sec3.sip[0].requires[1].gsid: found 8, expected a GSID that an authenticator asks for (gsids): 0, 7',
    },
    {
      name: 'a listener that requires a GSID which it does not ask for',
      from: '  sec3:',
      to: "      - { name: b, host: 127.0.0.1, port: 5061, fqdn: b.example.net, authenticators: [{ type: trusted, peers: ['::1'] }], requires: [{ gsid: 0 }] }\n  sec3:",
      problem:
        'gateway.sec1.sip[1].requires[0].gsid: found 0, expected a GSID that an authenticator asks for (gsids): none',
    },
    {
      name: 'a rule that says what otherwise, and requires nothing',
      from: '{ name: all,',
      to: '{ name: all, otherwise: next,',
      problem:
        'gateway.sec3.sip[0].otherwise: found "next", expected requires beside it, without which it has no effect',
    },
    {
      name: 'a method that both requires flags and needs no authentication',
      from: '[INVITE]',
      to: '[INVITE, OPTIONS]',
      problem:
        'gateway.policy.methods[0].methods[1]: found "OPTIONS", expected a method that no listener lets in by unauthenticatedMethods',
    },
    {
      name: 'a method in two entries',
      from: '[INVITE]',
      to: '[INVITE, INVITE]',
      problem: 'gateway.policy.methods[0].methods[1]: found "INVITE", expected a method that is not further up',
    },
  ]) {
    it(`refuses ${name}`, () => {
      expect(problemsIn(CONFIG.replace(from, to))).to.deep.equal([problem]);
    });
  }
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
