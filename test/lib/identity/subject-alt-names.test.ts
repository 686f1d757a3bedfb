import { expect } from 'chai';
import fc from 'fast-check';

import { subjectAltNames } from '../../../lib/identity/subject-alt-names.ts';

describe('subject alternative names', () => {
  it('are taken apart as node:crypto writes them', () => {
    expect(subjectAltNames('DNS:a.example.com, URI:sip:alice@example.com, IP Address:192.0.2.1')).to.deep.equal([
      { kind: 'DNS', value: 'a.example.com' },
      { kind: 'URI', value: 'sip:alice@example.com' },
      { kind: 'IP Address', value: '192.0.2.1' },
    ]);
    expect(subjectAltNames(undefined)).to.deep.equal([]);
  });

  it('cannot hide one name in another: a quoted value is one value', () => {
    expect(subjectAltNames('URI:"http://x/, URI:sip:boss@example.com", DNS:b')).to.deep.equal([
      { kind: 'URI', value: 'http://x/, URI:sip:boss@example.com' },
      { kind: 'DNS', value: 'b' },
    ]);
  });

  it('end where they cannot be read, and never throw', () => {
    expect(subjectAltNames('URI:"open')).to.deep.equal([]);
    expect(subjectAltNames('DNS:a, URI:"x"y, DNS:b')).to.deep.equal([
      { kind: 'DNS', value: 'a' },
      { kind: 'URI', value: 'x' },
    ]);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        subjectAltNames(text);
      }),
    );
  });
});
