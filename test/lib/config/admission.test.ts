import { expect } from 'chai';

import { parseConfig, requireSection, type AdmissionConfig } from '../../../lib/config/index.ts';

function admission(text: string): AdmissionConfig {
  const config = parseConfig(
    `
gateway:
  keyCentre: { type: embedded }
  sec1:
    sip: [{ name: edge, host: 127.0.0.1, fqdn: gateway.example.net, authenticators: [{ type: gba-digest }] }]
  admission: ${text}
kmc:
  domain: kmc.example.net
  subscribers: { database: data/subscribers.sqlite, secretKey: { environment: OSGATE_SECRET_KEY } }
`,
    '/etc/osgate/osgate.yaml',
  );
  return requireSection(config, 'gateway').admission;
}

describe('the configuration of admission', () => {
  it('has a default for every bound, and takes one without the others', () => {
    const { strangers, known, queue, ban, challengeAmplificationLimit } = admission(
      '{ queue: { maximumDatagrams: 7 } }',
    );
    expect(queue.maximumDatagrams).to.equal(7);
    expect(queue.maximumAgeMilliseconds, 'below T1, after which a request is sent again').to.be.below(500);
    expect(strangers.addressPerSecond).to.be.above(strangers.flowPerSecond);
    expect(known.perSecond).to.be.above(strangers.flowPerSecond);
    expect(ban.addressScore).to.be.above(ban.flowScore);
    expect(challengeAmplificationLimit).to.equal(2);
  });

  it('refuses bounds that contradict each other', () => {
    const problem = (text: string): string => {
      try {
        admission(text);
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      }
      return 'accepted';
    };
    expect(problem('{ overload: { delayMilliseconds: 2000 } }')).to.contain('more than delayMilliseconds');
    expect(problem('{ overload: { retryAfterMinimumSeconds: 60 } }')).to.contain('at least retryAfterMinimumSeconds');
    expect(problem('{ queue: { maximumDatagram: 7 } }')).to.contain('maximumDatagrams');
  });
});
