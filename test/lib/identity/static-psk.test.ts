import { expect } from 'chai';

import { OsgateError } from '../../../lib/errors.ts';
import { StaticPsk } from '../../../lib/identity/index.ts';

const KEY = '000102030405060708090a0b0c0d0e0f';

describe('static pre-shared keys', () => {
  const lookUp = (psk: StaticPsk, identity: string) => psk.lookUp({ identity, cipherSuiteCode: 0x00a8 });

  it('finds the key and the public identities of a client', () => {
    const psk = new StaticPsk({
      text: `# a comment\r\n\nsip:alice@example.com:${KEY}\nmeter-1:${KEY.toUpperCase()}\nbare:${KEY}\n`,
      name: 'psk.txt',
      publicIdentities: [{ identity: 'meter-1', uris: ['sip:m@example.com', 'tel:+4917'] }],
    });
    const alice = lookUp(psk, 'sip:alice@example.com');
    expect(alice?.key.toString('hex')).to.equal(KEY);
    expect(alice?.identity).to.deep.equal({
      scheme: 'psk',
      subject: 'sip:alice@example.com',
      impus: ['sip:alice@example.com'],
      securitySettings: [],
    });
    expect(lookUp(psk, 'meter-1')?.identity.impus).to.deep.equal(['sip:m@example.com', 'tel:+4917']);
    expect(lookUp(psk, 'bare')?.identity.impus).to.deep.equal([]);
    expect(lookUp(psk, 'nobody')).to.equal(undefined);
    expect(psk.counters).to.deep.equal({ found: 3, unknown: 1 });
    if (alice !== undefined) expect(psk.isCurrent(alice.identity)).to.equal(true);
  });

  for (const [what, text] of [
    ['a key that is no hexadecimal', 'meter-1:secret-in-clear'],
    ['a key that is too short', 'meter-1:0001'],
    ['a line without identity', `:${KEY}`],
    ['an identity twice', `a:${KEY}\na:${KEY}`],
  ] as const) {
    it(`refuses ${what}, and does not say what stands there`, () => {
      let problem: unknown;
      try {
        new StaticPsk({ text: `# one\n${text}`, name: 'psk.txt' });
      } catch (error) {
        problem = error;
      }
      expect(problem).to.be.instanceOf(OsgateError);
      expect((problem as OsgateError).message).to.match(/^psk\.txt:[23]: /);
      expect((problem as OsgateError).message).to.not.contain('secret');
      expect((problem as OsgateError).message).to.not.contain(KEY);
    });
  }

  it('refuses public identities of somebody who has no key', () => {
    const make = (): StaticPsk =>
      new StaticPsk({ text: '', name: 'psk.txt', publicIdentities: [{ identity: 'x', uris: ['sip:x@y'] }] });
    expect(make).to.throw(OsgateError, 'psk.txt has no identity "x"');
  });
});
