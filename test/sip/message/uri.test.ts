import { expect } from 'chai';
import fc from 'fast-check';

import { formatUri, isSipUri, isTelUri, parseNameAddress, parseUri, parseVia, uriEquals } from '../../../sip/index.ts';

describe('URIs', () => {
  it('are read in all their parts, and written again', () => {
    const uri = parseUri('sips:alice;day=tuesday:secret@[2001:DB8::9:1]:5061;transport=tls;lr?subject=a&x=y');
    expect(isSipUri(uri) && { ...uri, parameters: Object.fromEntries(uri.parameters) }).to.deep.equal({
      scheme: 'sips',
      user: 'alice;day=tuesday',
      password: 'secret',
      host: '2001:db8::9:1',
      port: 5061,
      parameters: { transport: 'tls', lr: undefined },
      headers: 'subject=a&x=y',
    });
    expect(uri && formatUri(uri)).to.equal(
      'sips:alice;day=tuesday:secret@[2001:db8::9:1]:5061;transport=tls;lr?subject=a&x=y',
    );
    const tel = parseUri('tel:+1-201-555-0123;phone-context=x');
    expect(isTelUri(tel) && tel.number).to.equal('+1-201-555-0123');
    expect(parseUri('urn:service:sos')).to.deep.equal({ scheme: 'urn', opaque: 'service:sos' });
  });

  it('are refused when they are malformed', () => {
    for (const text of [
      '',
      'sip:',
      'sip:@host',
      'sip:a@b@c',
      'sip:a b@c',
      'sip:host:99999',
      'sip:[::1',
      'sip:a%4@b',
      'tel:',
      'sip:a@b;x;x',
      'nothing',
    ]) {
      expect(parseUri(text), text).to.equal(undefined);
    }
  });

  // The examples of RFC 3261 19.1.4.
  const equal = [
    ['sip:%61lice@atlanta.com;transport=TCP', 'sip:alice@AtLanTa.CoM;Transport=tcp'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com;newparam=5'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com;security=on'],
    [
      'sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com',
      'sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com',
    ],
    [
      'sip:alice@atlanta.com?subject=project%20x&priority=urgent',
      'sip:alice@atlanta.com?priority=urgent&subject=project%20x',
    ],
    ['tel:+1-201-555-0123', 'tel:+12015550123'],
  ] as const;
  const different = [
    ['SIP:ALICE@AtLanTa.CoM;Transport=udp', 'sip:alice@AtLanTa.CoM;Transport=UDP'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:5060'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com;transport=udp'],
    ['sip:carol@chicago.com;newparam=5', 'sip:carol@chicago.com;newparam=6'],
    ['sip:carol@chicago.com?Subject=next%20meeting', 'sip:carol@chicago.com'],
    ['sip:bob@phone21.boxesbybob.com', 'sip:bob@192.0.2.4'],
    ['sip:a@b', 'sips:a@b'],
    ['tel:+12015550123', 'tel:2015550123'],
  ] as const;
  for (const [a, b] of equal) it(`${a} is ${b}`, () => expect(uriEquals(a, b)).to.equal(true));
  for (const [a, b] of different) it(`${a} is not ${b}`, () => expect(uriEquals(a, b)).to.equal(false));

  it('are a total function of any text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        parseUri(`sip:${text}`);
        parseNameAddress(text);
        parseVia(`SIP/2.0/UDP ${text}`);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('name-addr', () => {
  it('is read with quotes, escapes, tags and without brackets', () => {
    const quoted = parseNameAddress('"A \\"B\\", <C>" <sip:a@b;x=y>;tag=1');
    expect(quoted?.displayName).to.equal('A "B", <C>');
    expect(quoted?.uri).to.equal('sip:a@b;x=y');
    expect(quoted?.parameters.get('tag')).to.equal('1');
    const bare = parseNameAddress('sip:a@b;tag=2');
    expect(bare?.uri).to.equal('sip:a@b');
    expect(bare?.parameters.get('tag')).to.equal('2');
    expect(parseNameAddress('*')?.uri).to.equal('*');
  });

  it('is refused when its quotes or brackets do not end, or another value follows', () => {
    for (const text of ['', '"a <sip:a@b>', '<sip:a@b', '<sip:a@b> x', '<sip:a@b>, <sip:c@d>', 'sip:a@b, sip:c@d']) {
      expect(parseNameAddress(text), text).to.equal(undefined);
    }
  });
});
