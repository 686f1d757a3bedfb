import { execFileSync } from 'node:child_process';

import { expect } from 'chai';

import { opensslName } from '../../../dtls/endpoint/openssl-name.ts';
import { CIPHER_SUITES } from '../../../dtls/index.ts';

describe('names of cipher suites', () => {
  it('are those that OpenSSL has, for every suite that it has', () => {
    const text = execFileSync('openssl', ['ciphers', '-stdname', 'ALL:PSK:@SECLEVEL=0'], { encoding: 'utf8' });
    const known = new Map([...text.matchAll(/^(\S+)\s+- (\S+)/gm)].map(([, iana = '', name = '']) => [iana, name]));
    const both = CIPHER_SUITES.filter(({ name }) => known.has(name));
    expect(both.length).to.be.greaterThan(25);
    for (const { name } of both) expect(opensslName(name)).to.equal(known.get(name));
  });
});
