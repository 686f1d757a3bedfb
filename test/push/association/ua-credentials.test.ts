import { createHmac } from 'node:crypto';

import { expect } from 'chai';

import {
  derivePushPassword,
  derivePushPsk,
  formatPushPskIdentity,
  parsePushPskIdentity,
  PushError,
  pushRealm,
} from '../../../push/index.ts';

const NAF_KEY = Buffer.from('07a3f302808bfd3c0a622701d1d34b4f48b15dc629c2973206a76f7729494396', 'hex');

/** RFC 5869 with nothing of ours: extract with 32 zero octets, expand by one block. */
function hkdf(information: string): Buffer {
  const key = createHmac('sha256', Buffer.alloc(32)).update(NAF_KEY).digest();
  return createHmac('sha256', key).update(information).update(Buffer.of(1)).digest();
}

describe('what agent and gateway make of the NAF key of a push', () => {
  it('has a key for DTLS and a password for digest, by HKDF under names of their own', () => {
    expect(derivePushPsk(NAF_KEY)).to.deep.equal(hkdf('osgate ua 1 dtls-psk'));
    expect(derivePushPassword(NAF_KEY)).to.equal(hkdf('osgate ua 1 sip-digest').toString('base64'));
  });

  it('fits the vectors of docs/push-associations.md', () => {
    expect(derivePushPsk(NAF_KEY).toString('hex')).to.equal(VECTORS.psk);
    expect(derivePushPassword(NAF_KEY)).to.equal(VECTORS.password);
  });

  it('has the P-TID behind a name of ours in PSK identities, and knows no other form', () => {
    expect(formatPushPskIdentity('c2VjcmV0')).to.equal('osgate-gba-push;c2VjcmV0');
    expect(parsePushPskIdentity('osgate-gba-push;a;b')).to.equal('a;b');
    for (const other of ['osgate-gba-push;', 'osgate-gba-push', '3GPP-bootstrapping;x@y', 'c2VjcmV0', '']) {
      expect(parsePushPskIdentity(other), other).to.equal(undefined);
    }
    expect(pushRealm('osg.example.com')).to.equal('osgate-gba-push@osg.example.com');
  });

  it('takes no key that is no NAF key', () => {
    expect(() => derivePushPsk(Buffer.alloc(16))).to.throw(PushError);
    expect(() => derivePushPassword(Buffer.alloc(0))).to.throw(PushError);
  });
});

const VECTORS = {
  psk: '5e7f116c4a8ddbb8c6764f6a9447c705351d5898d2139037f2734333e335c7ae',
  password: 'mS7S7gJ31Xnaov/VhH4JAJQTDCpOYKCIm8mFkV+YiyA=',
};
