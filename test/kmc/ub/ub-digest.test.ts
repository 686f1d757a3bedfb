import { createHash } from 'node:crypto';

import { expect } from 'chai';

import { formatBtid } from '../../../kmc/gba/index.ts';
import {
  computeUbHa1,
  computeUbResponse,
  computeUbRspauth,
  formatBootstrappingInfo,
  parseBootstrappingInfo,
  parseDigestHeader,
} from '../../../kmc/ub/index.ts';

// The worked vectors: Milenage test set 1, IMPI and BSF of the test network 001/01.
const RAND = Buffer.from('23553cbe9637a89d218ae64dae47bf35', 'hex');
const AUTN = Buffer.from('55f328b43577b9b94a9ffac354dfafb3', 'hex');
const RES = Buffer.from('a54211d5e3ba50bf', 'hex');
const BSF = 'bsf.mnc001.mcc001.pub.3gppnetwork.org';
const BODY =
  '<?xml version="1.0" encoding="UTF-8"?><BootstrappingInfo xmlns="uri:3gpp-gba"><btid>I1U8vpY3qJ0hiuZNrke/NQ==@bsf.mnc001.mcc001.pub.3gppnetwork.org</btid><lifetime>2030-01-01T00:00:00Z</lifetime></BootstrappingInfo>';

const input = {
  username: '001010123456789@ims.mnc001.mcc001.3gppnetwork.org',
  realm: BSF,
  password: RES,
  nonce: Buffer.concat([RAND, AUTN]).toString('base64'),
  nc: '00000001',
  cnonce: '0a4f113b',
  uri: '/',
  body: '',
};

describe('Ub digest, worked vectors', () => {
  it('makes nonce and B-TID', () => {
    expect(input.nonce).to.equal('I1U8vpY3qJ0hiuZNrke/NVXzKLQ1d7m5Sp/6w1Tfr7M=');
    expect(formatBtid(RAND, BSF)).to.equal('I1U8vpY3qJ0hiuZNrke/NQ==@bsf.mnc001.mcc001.pub.3gppnetwork.org');
  });

  it('makes HA1 over the octets of RES, and the response', () => {
    expect(computeUbHa1(input.username, input.realm, RES)).to.equal('18125006e2e00ff42c55d3caf6cff47a');
    expect(computeUbResponse({ ...input, method: 'GET' })).to.equal('26d91881d4f34c67c3c171426686ad62');
  });

  it('makes the 214-octet body, its MD5 and rspauth', () => {
    const body = formatBootstrappingInfo({ btid: formatBtid(RAND, BSF), expiresAt: Date.UTC(2030, 0, 1) });
    expect(body).to.equal(BODY);
    expect(Buffer.byteLength(body)).to.equal(214);
    expect(createHash('md5').update(body).digest('hex')).to.equal('5e5d887a831077020029713aa36bd78b');
    expect(computeUbRspauth({ ...input, body })).to.equal('2e733f17163f599671c46e0499461627');
  });

  it('makes the response to a request with AUTS with an empty password', () => {
    expect(computeUbResponse({ ...input, password: new Uint8Array(), method: 'GET' })).to.equal(
      '9a8bad61a1e6d2b158374c79d9e198ed',
    );
  });

  it('takes a RES with 00 and colons in it as octets', () => {
    const odd = Buffer.from('003a003a00ff3a00', 'hex');
    const expected = createHash('md5')
      .update(Buffer.concat([Buffer.from('u:r:'), odd]))
      .digest('hex');
    expect(computeUbHa1('u', 'r', odd)).to.equal(expected);
  });
});

describe('bootstrapping information', () => {
  it('is read with fractions of a second, other prefixes, extensions and unknown elements', () => {
    const xml = `<?xml version="1.0"?><g:BootstrappingInfo xmlns:g="uri:3gpp-gba" x="y"><g:btid>a@b</g:btid><g:lifetime>2013-04-22T13:10:25.559Z</g:lifetime><g:new/><g:Extension><g:currenttime>2013-04-22T12:00:00Z</g:currenttime></g:Extension></g:BootstrappingInfo>`;
    expect(parseBootstrappingInfo(xml)).to.deep.equal({
      btid: 'a@b',
      expiresAt: Date.UTC(2013, 3, 22, 13, 10, 25, 559),
      currentTime: Date.UTC(2013, 3, 22, 12),
    });
  });

  it('is refused without B-TID, with a lifetime that is no UTC time, and when it is no XML', () => {
    expect(parseBootstrappingInfo(BODY.replace(/<btid>.*<\/btid>/, ''))).to.equal(undefined);
    expect(parseBootstrappingInfo(BODY.replace('00:00Z', '00:00+01:00'))).to.equal(undefined);
    for (const text of ['', '<', 'x', '{}', '<BootstrappingInfo>'])
      expect(parseBootstrappingInfo(text)).to.equal(undefined);
  });
});

describe('digest headers of Ub', () => {
  it('are read whatever is quoted and in whatever case', () => {
    const header = parseDigestHeader('digest  Username="a\\"b" , REALM=r,nc=00000001,unknown="1,2"');
    expect(Object.fromEntries(header ?? [])).to.deep.equal({
      username: 'a"b',
      realm: 'r',
      nc: '00000001',
      unknown: '1,2',
    });
  });

  it('are refused for another scheme, a parameter twice and broken quotes', () => {
    for (const text of ['Basic abc', 'Digest a=1, a=2', 'Digest a="1', 'Digest a', 'Digest a=1 b=2', 'Digest']) {
      expect(parseDigestHeader(text), text).to.equal(undefined);
    }
  });
});
