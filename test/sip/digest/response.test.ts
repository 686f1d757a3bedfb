import { expect } from 'chai';

import { computeHa1, computeResponse, computeRspauth, digestHash } from '../../../sip/digest/index.ts';

const GBA = {
  username: 'ICEiIyQlJicoKSorLC0uLw==@bsf.mnc001.mcc001.pub.3gppnetwork.org',
  password: 'pLcOlIaC0LtYQ0cyCkLR+09NSnKvB7FfdudhUkAGuZg=',
  realm: '3GPP-bootstrapping@osg.example.com',
  nonce: '5f2c1d3e4b5a69788796a5b4c3d2e1f0',
} as const;

const VECTORS = [
  ['MD5', '377018f9ee4412cd8d3c608e4b847dca', 'e7e963b42c8e2e2116d2f53b7b592b9f', 'c1359d01d49b0b160430e2bada8f9a3d'],
  [
    'SHA-256',
    '8bef32a63d695b6e02d0298a7932662500a1b944686b6007888c7ce64a14c0b3',
    '1f8fd27500d6fe701ebe37987f93ab3bd1ef052324dfc38a18ac592b71fd5bc4',
    '224754514d7cd82d8498bc52120adb5ccb0a1cf27ffeb0a6d8c029255c7b403c',
  ],
  [
    'SHA-512-256',
    '977ea55c0c553e9255f42e00e21e13352490bf04d2db8a3381c711ac4f9fcf55',
    '6ff17920b671d0a37b9194485e53c39e80fcb85dced6a2311c6a410c2c51300a',
    '85f52aaafc651894d8648e899188a65d4cf1bf8798dbf4c6364ab335e92fe9c1',
  ],
] as const;

describe('digest response', () => {
  for (const [algorithm, expectedHa1, auth, authInt] of VECTORS) {
    for (const [qop, expected] of [
      ['auth', auth],
      ['auth-int', authInt],
    ] as const) {
      it(`gives the GBA vector of ${algorithm} with ${qop}`, () => {
        const ha1 = computeHa1(algorithm, GBA.username, GBA.realm, GBA.password);
        expect(ha1).to.equal(expectedHa1);
        const method = 'SUBSCRIBE';
        const uri = 'sip:bob@example.com';
        const { nonce } = GBA;
        expect(
          computeResponse({ algorithm, ha1, method, uri, nonce, nc: '00000001', cnonce: '0a4f113b', qop }),
        ).to.equal(expected);
      });
    }
  }

  it('gives the examples of RFC 7616 3.9.1', () => {
    const input = {
      method: 'GET',
      uri: '/dir/index.html',
      nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
      nc: '00000001',
      cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
      qop: 'auth',
    } as const;
    const realm = 'http-auth@example.org';
    const response = (algorithm: 'MD5' | 'SHA-256'): string =>
      computeResponse({ ...input, algorithm, ha1: computeHa1(algorithm, 'Mufasa', realm, 'Circle of Life') });
    expect(response('MD5')).to.equal('8ca523f5e9506fed4657c9700eebdbec');
    expect(response('SHA-256')).to.equal('753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1');
  });

  it('gives the example of RFC 2617 3.5, with qop and without', () => {
    const ha1 = computeHa1('MD5', 'Mufasa', 'testrealm@host.com', 'Circle Of Life');
    const input = {
      algorithm: 'MD5',
      ha1,
      method: 'GET',
      uri: '/dir/index.html',
      nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093',
    } as const;
    expect(computeResponse({ ...input, nc: '00000001', cnonce: '0a4f113b', qop: 'auth' })).to.equal(
      '6629fae49393a05397450978507c4ef1',
    );
    expect(computeResponse(input)).to.equal('670fd8c2df070c60b045671b8b24ff02');
  });

  it('hashes an empty body with the algorithm in use, and a body octet by octet', () => {
    expect(digestHash('SHA-512-256', '')).to.equal('c672b8d1ef56ed28ab87c3622c5114069bdd3ad7b8f9737498d0c01ecef0967a');
    expect(digestHash('MD5', 'ÿ')).to.equal(digestHash('MD5', Buffer.from([0xff])));
  });

  it('mixes nonce and cnonce into HA1 for session algorithms', () => {
    const nonce = 'n';
    const cnonce = 'c';
    const rest = { method: 'MESSAGE', uri: 'sip:a', nonce, nc: '00000001', cnonce, qop: 'auth' } as const;
    const ha1 = computeHa1('SHA-256-sess', 'u', 'r', 'p');
    expect(computeResponse({ ...rest, algorithm: 'SHA-256-sess', ha1 })).to.equal(
      computeResponse({ ...rest, algorithm: 'SHA-256', ha1: digestHash('SHA-256', `${ha1}:n:c`) }),
    );
  });

  it('leaves the method out of rspauth', () => {
    const input = {
      algorithm: 'MD5',
      ha1: '00',
      uri: 'sip:a',
      nonce: 'n',
      nc: '00000001',
      cnonce: 'c',
      qop: 'auth',
    } as const;
    expect(computeRspauth(input)).to.equal(computeResponse({ ...input, method: '' }));
  });
});
