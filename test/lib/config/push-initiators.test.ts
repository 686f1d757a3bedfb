import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

import { pushInitiatorsSection } from '../../../lib/config/push-initiators.ts';
import { problemsOf } from '../../../lib/config/problems.ts';
import { filePath } from '../../../lib/config/values.ts';

const schema = pushInitiatorsSection(filePath('/etc/osgate'));
const WEATHER = { name: 'weather', token: { file: 'weather.token' }, recipients: ['example.com'] };
const SMALLEST = { fqdn: 'push.example.net', initiators: [WEATHER] };

function problems(input: unknown): string[] {
  const result = schema.safeParse(input);
  if (result.success) return [];
  return problemsOf(result.error.issues, input).map(({ path, text }) => `${path.join('.')} ${text}`);
}

describe('the section for push initiators', () => {
  it('fills in what is not said', () => {
    const config = schema.parse(SMALLEST);
    expect(config).to.deep.include({ host: '127.0.0.1', maximumRequestOctets: 262_144 });
    expect(config.initiators[0]).to.deep.include({
      token: { file: '/etc/osgate/weather.token' },
      priority: 'high',
      notifyUrls: [],
      notificationFormat: 'json',
    });
  });

  const wrong: Record<string, [object, RegExp]> = {
    'an initiator that cannot authenticate': [
      { initiators: [{ name: 'weather', recipients: ['*'] }] },
      /initiators\.0 .*a certificate, a token or a password/,
    ],
    'a name twice': [{ initiators: [WEATHER, WEATHER] }, /initiators\.1\.name .*no other/],
    'a certificate that nobody is asked for': [
      { initiators: [{ ...WEATHER, certificate: 'weather.example.com' }] },
      /initiators\.0\.certificate .*tls\.clientAuthorities/,
    ],
    'a certificate twice': [
      {
        tls: { certificate: 'a', privateKey: 'b', clientAuthorities: 'c' },
        initiators: [
          { ...WEATHER, certificate: 'a.example.com' },
          { ...WEATHER, name: 'b', certificate: 'A.example.com' },
        ],
      },
      /initiators\.1\.certificate .*no other/,
    ],
    'a default that is longer than the longest': [
      { defaultLifetimeSeconds: 100, maximumLifetimeSeconds: 10 },
      /defaultLifetimeSeconds .*at most/,
    ],
    'a recipient that is no pattern': [
      { initiators: [{ ...WEATHER, recipients: ['*.example.com'] }] },
      /recipients\.0 .*expected a domain/,
    ],
    'a name that is no user name': [{ initiators: [{ ...WEATHER, name: 'a"b' }] }, /initiators\.0\.name/],
    'no initiators': [{ initiators: [] }, /a list of initiators/],
    'a key that is not known': [{ initiators: [{ ...WEATHER, tokens: 1 }] }, /tokens .*did you mean "token"/],
  };
  for (const [what, [changes, expected]] of Object.entries(wrong)) {
    it(`refuses ${what}`, () => {
      expect(problems({ ...SMALLEST, ...changes }).join('\n')).to.match(expected);
    });
  }

  it('never shows a secret that stands where its place should be named', () => {
    for (const key of ['token', 'password']) {
      const text = problems({ ...SMALLEST, initiators: [{ ...WEATHER, [key]: 'hunter2hunter2hunter2' }] }).join('\n');
      expect(text).to.include(key).and.not.include('hunter2');
    }
  });

  it('takes the example of docs/push-initiators.md', () => {
    const page = readFileSync(new URL('../../../docs/push-initiators.md', import.meta.url), 'utf8');
    const [, example = ''] = /^```yaml\n([^]*?)^```$/m.exec(page) ?? [];
    expect(problems(parse(example))).to.deep.equal([]);
    expect(example).to.include('fqdn');
  });
});
