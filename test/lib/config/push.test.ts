import { readFileSync } from 'node:fs';

import { expect } from 'chai';

import { parseConfig, parseUdpAddress, pushFqdn } from '../../../lib/config/index.ts';
import { OsgateError } from '../../../lib/errors.ts';

const PAGE = readFileSync(new URL('../../../docs/push.md', import.meta.url), 'utf8');
const EXAMPLE = /```yaml\n([\s\S]*?)```/.exec(PAGE)?.[1] ?? '';

describe('the configuration of pushes', () => {
  it('is in docs/push.md, and takes its FQDN from the first listener', () => {
    const { gateway } = parseConfig(EXAMPLE, '/etc/osgate.yaml');
    expect(gateway?.push?.queue).to.deep.equal({
      path: '/etc/push.sqlite',
      maximumPushes: 100_000,
      maximumPushesOfSubscriber: 100,
      retentionSeconds: 86_400,
    });
    expect(gateway?.push?.uaSecurityProtocolId).to.equal('0100000005');
    expect(gateway && pushFqdn(gateway)).to.equal('osg.home1.example');
  });

  for (const { name, from, to, problem } of [
    {
      name: 'two carriers of a kind',
      from: '{ type: udp, host: 192.0.2.1, port: 4001 }',
      to: '{ type: sip }',
      problem: 'gateway.push.carriers[1].type: found "sip", expected a type that no other carrier has',
    },
    {
      name: 'a SIP core that is none',
      from: 'target: core }',
      to: 'target: kore }',
      problem: 'gateway.push.carriers[0].target: found "kore", expected the name of a group in gateway.sec3.sip: core',
    },
    {
      name: 'an address for a carrier that is not there',
      from: '      - { type: udp, host: 192.0.2.1, port: 4001 }\n',
      to: '',
      problem: 'gateway.push.addresses[0].udp: found "192.0.2.7:4000", expected a carrier of type udp beside it',
    },
    {
      name: 'an address without a port',
      from: '192.0.2.7:4000',
      to: '192.0.2.7',
      problem:
        'gateway.push.addresses[0].udp: found "192.0.2.7", expected an IP address and a port, such as 192.0.2.7:4000',
    },
    {
      name: 'one file for two things',
      from: 'path: associations.sqlite',
      to: 'path: push.sqlite',
      problem: 'gateway.push.associations.path: found "/etc/push.sqlite", expected another file than that of queue',
    },
  ]) {
    it(`refuses ${name}`, () => {
      try {
        parseConfig(EXAMPLE.replace(from, to), '/etc/osgate.yaml');
        expect.fail('was taken');
      } catch (error) {
        expect(error).to.be.instanceOf(OsgateError);
        expect((error as OsgateError).message).to.include(problem.replace('/etc/', ''));
      }
    });
  }

  for (const [value, parsed] of [
    ['192.0.2.7:4000', { address: '192.0.2.7', port: 4000 }],
    ['[2001:db8::1]:4000', { address: '2001:db8::1', port: 4000 }],
    ['2001:db8::1:4000', undefined],
    ['192.0.2.7:0', undefined],
    ['192.0.2.7:65536', undefined],
    ['192.0.2.777:1', undefined],
  ] as const) {
    it(`reads ${value}`, () => {
      expect(parseUdpAddress(value)).to.deep.equal(parsed);
    });
  }
});
