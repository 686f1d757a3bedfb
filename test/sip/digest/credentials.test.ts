import { expect } from 'chai';
import fc from 'fast-check';

import {
  answerChallenge,
  computeHa1,
  computeResponse,
  formatChallenge,
  formatCredentials,
  parseAuthenticationInfo,
  parseChallenge,
  parseCredentials,
} from '../../../sip/digest/index.ts';

const GOOD = 'Digest username="u", realm="r", nonce="n", uri="sip:b@h", response="00"';

describe('digest credentials', () => {
  it('reads names in any case, escapes, white space, and skips what it does not know', () => {
    const value =
      'dIgEsT  USERNAME = "a\\"b\\\\c" ,Realm="r, x=1",nonce="n",uri="sip:b@h",response="00",qop=auth,nc=0000000A,cnonce="",new=1';
    const credentials = parseCredentials(value);
    expect(credentials).to.include({ username: 'a"b\\c', realm: 'r, x=1', qop: 'auth', nc: '0000000A', cnonce: '' });
  });

  for (const [what, value] of [
    ['another scheme', GOOD.replace('Digest', 'Bearer')],
    ['a scheme that only begins so', GOOD.replace('Digest', 'Digestive')],
    ['a parameter that comes twice, in another case', `${GOOD}, Username="v"`],
    ['an unknown parameter that comes twice', `${GOOD}, x=1, x=1`],
    ['a quoted-string without end', `${GOOD}, opaque="x`],
    ['text behind a quoted-string', `${GOOD}, opaque="x"y`],
    ['no username', GOOD.replace('username="u", ', '')],
    ['a short nonce count', `${GOOD}, qop=auth, cnonce="c", nc=1`],
    ['qop without cnonce', `${GOOD}, qop=auth, nc=00000001`],
    ['a trailing comma', `${GOOD},`],
    ['nothing', 'Digest'],
  ] as const) {
    it(`refuses ${what}`, () => expect(parseCredentials(value)).to.equal(undefined));
  }

  it('quotes what SIP quotes, and no more', () => {
    const text = formatCredentials({
      username: 'u"',
      realm: 'r',
      nonce: 'n',
      uri: 'sip:b@h',
      response: '00',
      algorithm: 'SHA-256',
      cnonce: 'c',
      opaque: 'o',
      qop: 'auth',
      nc: '00000001',
    });
    expect(text).to.equal(
      'Digest username="u\\"", realm="r", nonce="n", uri="sip:b@h", response="00", algorithm=SHA-256, cnonce="c", opaque="o", qop=auth, nc=00000001',
    );
    expect(parseCredentials(text)).to.include({ username: 'u"', qop: 'auth' });
  });

  it('is total', () => {
    const piece = fc.constantFrom('Digest ', 'realm', '=', '"', '\\', ',', ' ', 'nonce="', 'x', 'ÿ');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const text = pieces.join('');
        parseCredentials(text);
        parseChallenge(text);
        parseAuthenticationInfo(text);
      }),
    );
  });

  it('reads back every challenge that it writes', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '"', '\\', ',', '=', ' ', 'é') });
    fc.assert(
      fc.property(text, text, fc.boolean(), (realm, nonce, stale) => {
        const challenge = { realm, nonce, opaque: undefined, algorithm: 'SHA-256', qop: ['auth', 'auth-int'], stale };
        expect(parseChallenge(formatChallenge(challenge))).to.deep.equal(challenge);
      }),
    );
  });
});

describe('answerChallenge', () => {
  const offer = (algorithm: string | undefined, qop: string[]): string =>
    formatChallenge({ realm: 'r', nonce: 'n', algorithm, qop, stale: false });
  const input = { username: 'u', password: 'p', method: 'MESSAGE', uri: 'sip:b@h', body: 'hello', cnonce: 'c' };

  it('takes the first challenge that it supports', () => {
    const challenges = [
      offer('SHA3-512', ['auth']),
      'Basic realm="r"',
      offer('sha-256', ['auth']),
      offer('MD5', ['auth']),
    ];
    expect(answerChallenge({ ...input, challenges })).to.include({ algorithm: 'SHA-256', qop: 'auth' });
  });

  it('takes no algorithm that is not good enough', () => {
    expect(answerChallenge({ ...input, challenges: [offer(undefined, ['auth'])], algorithms: ['SHA-256'] })).to.equal(
      undefined,
    );
  });

  it('takes no qop that it does not know, and no session algorithm without one', () => {
    expect(answerChallenge({ ...input, challenges: [offer('MD5', ['auth-new'])] })).to.equal(undefined);
    expect(answerChallenge({ ...input, challenges: [offer('MD5-sess', [])] })).to.equal(undefined);
  });

  it('answers as the server computes, body and count included', () => {
    const answer = answerChallenge({ ...input, challenges: [offer('SHA-256', ['auth-int'])], nonceCount: 17 });
    const ha1 = computeHa1('SHA-256', 'u', 'r', 'p');
    const { method, uri, body } = input;
    expect(parseCredentials(answer?.credentials ?? '')).to.include({
      nc: '00000011',
      qop: 'auth-int',
      response: computeResponse({
        algorithm: 'SHA-256',
        ha1,
        method,
        uri,
        nonce: 'n',
        nc: '00000011',
        cnonce: 'c',
        qop: 'auth-int',
        body,
      }),
    });
  });

  it('sends no cnonce to a server without qop', () => {
    const answer = answerChallenge({ ...input, challenges: [offer(undefined, [])] });
    expect(answer?.fields.cnonce).to.equal(undefined);
    expect(answer?.credentials).not.to.include('algorithm');
  });
});
