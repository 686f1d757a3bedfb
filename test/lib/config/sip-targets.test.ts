import { expect } from 'chai';

import { parseConfig, requireSection, type GatewayConfig } from '../../../lib/config/index.ts';
import { OsgateError } from '../../../lib/errors.ts';

const file = (targets: string, more = ''): string => `
gateway:
  keyCentre: { type: embedded }
  sec1:
    sip:
      - { name: edge, host: 127.0.0.1, fqdn: gateway.example.net, authenticators: [{ type: gba-digest }] }
  sec3:
    sip:
      - { name: as, domains: ['*'], targets: ${targets} }
${more}kmc:
  domain: kmc.example.net
  subscribers: { database: subscribers.db, secretKey: { environment: OSGATE_SECRET_KEY } }
`;

const gatewayOf = (targets: string, more = ''): GatewayConfig =>
  requireSection(parseConfig(file(targets, more), 'osgate.yaml'), 'gateway');

const problems = (targets: string, more = ''): string[] => {
  try {
    parseConfig(file(targets, more), 'osgate.yaml');
    return [];
  } catch (error) {
    if (!(error instanceof OsgateError)) throw error;
    return error.message.split('\n').map((line) => line.replace(/^osgate\.yaml:\d+: /, ''));
  }
};

const KEYS = 'uri, weight, priority and maximumInFlight';
const ADDRESS = 'a SIP address such as sip:192.0.2.1:5060';

describe('targets in the configuration', () => {
  it('are plain addresses or groups, with defaults for what is not said', () => {
    const [rule] = gatewayOf(
      "['sip:192.0.2.1:5070', { uri: 'sip:as.example.net;transport=tcp', weight: 5, maximumInFlight: 100 }]",
    ).sec3.sip;
    expect(rule?.targets).to.deep.equal([
      'sip:192.0.2.1:5070',
      { uri: 'sip:as.example.net;transport=tcp', weight: 5, priority: 0, maximumInFlight: 100 },
    ]);
    expect(rule).to.include({ maximumRetryAfterSeconds: 300 });
    expect(rule?.healthCheck).to.equal(undefined);
  });

  it('may be checked', () => {
    const [rule] = gatewayOf("['sip:[2001:db8::1]'], healthCheck: { healthyStatuses: [405] }").sec3.sip;
    expect(rule?.healthCheck).to.deep.equal({
      intervalMilliseconds: 10_000,
      timeoutMilliseconds: 2000,
      downAfter: 3,
      upAfter: 2,
      healthyStatuses: [405],
      maxForwards: 1,
    });
  });

  it('have no user, no headers, no parameter but transport, and no scheme but sip', () => {
    for (const uri of [
      'sip:bob@as.example.net',
      'sip:as.example.net?Subject=x',
      'sip:as.example.net;lr',
      'sip:as.example.net;transport=sctp',
      'sip:as.example.net;transport=tcp;lr',
      'sips:as.example.net',
      'as.example.net',
      'sip:192.0.2.999',
      'sip:as.example.net:0',
      'sip:as.example.net:70000',
    ]) {
      expect(problems(`['${uri}']`), uri).to.deep.equal([
        `gateway.sec3.sip[0].targets[0]: found "${uri}", expected ${ADDRESS}`,
      ]);
    }
  });

  it('say which key of a group is wrong', () => {
    expect(problems("[{ uri: 'sip:192.0.2.1', weight: -1 }]")).to.deep.equal([
      'gateway.sec3.sip[0].targets[0].weight: found -1, expected a number from 0 to 65535',
    ]);
    expect(problems("[{ uri: 'sip:192.0.2.1', wieght: 1 }]")).to.deep.equal([
      'gateway.sec3.sip[0].targets[0].wieght: is an unknown key, did you mean "weight"?',
    ]);
    expect(problems('[{ weight: 1 }]')).to.deep.equal([
      `gateway.sec3.sip[0].targets[0].uri: is missing, expected ${ADDRESS}`,
    ]);
    expect(problems('[7]')).to.deep.equal([
      `gateway.sec3.sip[0].targets[0]: found 7, expected ${ADDRESS}, or a group with ${KEYS}`,
    ]);
  });
});

describe('gateway.dns', () => {
  it('has a default for everything but the servers', () => {
    expect(gatewayOf("['sip:192.0.2.1']").dns).to.deep.equal({
      hostsFile: '/etc/hosts',
      timeoutMilliseconds: 3000,
      minimumTtlMilliseconds: 5000,
      maximumTtlMilliseconds: 3_600_000,
      assumedTtlMilliseconds: 60_000,
      negativeTtlMilliseconds: 5000,
      staleMilliseconds: 600_000,
      maximumNames: 10_000,
      maximumPending: 500,
      maximumDestinations: 16,
    });
  });

  it('takes name servers with and without a port', () => {
    const servers = "['192.0.2.53', '192.0.2.53:5353', '2001:db8::53', '[2001:db8::53]:5353']";
    expect(gatewayOf("['sip:192.0.2.1']", `  dns: { servers: ${servers} }\n`).dns.servers?.length).to.equal(4);
    for (const server of ['dns.example.net', '192.0.2.53:0', '192.0.2.53:99999', '2001:db8::53:x']) {
      expect(problems("['sip:192.0.2.1']", `  dns: { servers: ['${server}'] }\n`), server).to.deep.equal([
        `gateway.dns.servers[0]: found "${server}", expected the address of a name server`,
      ]);
    }
  });
});
