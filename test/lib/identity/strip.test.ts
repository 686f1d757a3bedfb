import { expect } from 'chai';

import { removeCredentials, stripFromUntrusted, stripTowardsUntrusted } from '../../../lib/identity/index.ts';
import { parseMessage, SipRequest } from '../../../sip/message/index.ts';

function read(...lines: string[]): SipRequest {
  const head = [
    'MESSAGE sip:bob@example.com SIP/2.0',
    'Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1',
    'From: <sip:alice@example.com>;tag=1',
    'To: <sip:bob@example.com>',
    'Call-ID: c',
    'CSeq: 1 MESSAGE',
    'Max-Forwards: 70',
  ];
  const result = parseMessage(Buffer.from(`${[...head, ...lines].join('\r\n')}\r\n\r\n`, 'latin1'));
  if (!result.ok || !(result.message instanceof SipRequest)) throw new TypeError(`not a request: ${lines.join()}`);
  return result.message;
}

const CLAIMS = [
  'P-Asserted-Identity',
  'P-Preferred-Identity',
  'P-Asserted-Service',
  'P-Charging-Vector',
  'P-Charging-Function-Addresses',
  'P-Visited-Network-ID',
  'P-Served-User',
  'P-User-Database',
  'P-Profile-Key',
  'Remote-Party-ID',
  'Path',
  'Service-Route',
  'Security-Server',
];

describe('stripFromUntrusted', () => {
  for (const name of CLAIMS) {
    it(`lesson 23: removes ${name}, whatever its spelling`, () => {
      const request = read(
        `${name}: <sip:evil@example.com>`,
        `${name.toLowerCase()} : <sip:evil@example.com>`,
        `${name.toUpperCase()}\t:\r\n <sip:evil@example.com>`,
        `${name.replaceAll(/[a-z](?=[A-Za-z])/g, (letter) => letter.toUpperCase())}:`,
        'Subject: kept',
      );
      stripFromUntrusted(request);
      const text = request.toBuffer().toString('latin1').toLowerCase();
      expect(text).not.to.include(name.toLowerCase());
      expect(text).not.to.include('evil');
      expect(text).to.include('subject: kept');
    });
  }

  it('lesson 23: removes fields whose names some servers stumble over, so that they see no identity at all', () => {
    const request = read("X-!%*`'-y: z", 'C%6Fntact: <sip:evil@example.com>', 'x.a_b+c~d-9: kept');
    stripFromUntrusted(request);
    expect(request.headerNames().slice(-2)).to.deep.equal(['Max-Forwards', 'X.a_b+c~d-9']);
  });

  it('keeps access network information that the agent gave itself', () => {
    const request = read(
      'p-access-network-info: 3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=1, IEEE-802.11 ; Network-Provided',
      'P-Access-Network-Info: 3GPP-NR;x="a;network-provided"',
      'P-Access-Network-Info: 3GPP-NR;network-provided;network-provided',
    );
    stripFromUntrusted(request);
    expect(request.values('P-Access-Network-Info')).to.deep.equal([
      '3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=1',
      '3GPP-NR;x="a;network-provided"',
    ]);
  });

  it('removes integrity-protected from credentials, and credentials that hide it', () => {
    const request = read(
      'authorization: Digest username="a\\"b", realm="r", Integrity-Protected = "yes", nonce="n", qop=auth, nc=00000001',
      'Authorization: Digest realm="r", integrity-protected=yes, integrity-protected=no',
      'Proxy-Authorization: Digest realm="other",nonce="n"',
    );
    stripFromUntrusted(request);
    expect(request.headers('Authorization')).to.deep.equal([
      'Digest username="a\\"b", realm="r", nonce="n", qop=auth, nc=00000001',
    ]);
    expect(request.header('Proxy-Authorization')).to.equal('Digest realm="other",nonce="n"');
  });
});

describe('stripTowardsUntrusted', () => {
  const identity = 'P-Asserted-Identity: <sip:alice@example.com>';

  it('removes the identity of one who wants privacy', () => {
    for (const privacy of ['id', 'critical; ID', 'header', 'user;id']) {
      const request = read(identity, `privacy: ${privacy}`);
      stripTowardsUntrusted(request);
      expect(request.has('P-Asserted-Identity'), privacy).to.equal(false);
    }
  });

  it('keeps it with Privacy none, and without Privacy', () => {
    for (const lines of [[identity, 'Privacy: none'], [identity]]) {
      const request = read(...lines);
      stripTowardsUntrusted(request);
      expect(request.header('P-Asserted-Identity')).to.equal('<sip:alice@example.com>');
    }
  });

  it('removes what is for the inside, and keeps routes', () => {
    const request = read('P-Charging-Vector: icid-value=1', 'P-Served-User: <sip:a@b>', 'Service-Route: <sip:a;lr>');
    stripTowardsUntrusted(request);
    expect(request.has('P-Charging-Vector')).to.equal(false);
    expect(request.has('P-Served-User')).to.equal(false);
    expect(request.has('Service-Route')).to.equal(true);
  });
});

describe('removeCredentials', () => {
  it('removes those for the realm, however it is spelt, and those that cannot be read', () => {
    const request = read(
      'Proxy-Authorization: Digest username="u", REALM = "our\\r", nonce="n", uri="sip:b", response="00"',
      'proxy-authorization : Digest realm="other", realm="ourr"',
      'Proxy-Authorization: Digest username="u", realm="other", nonce="n", uri="sip:b", response="00"',
      'Authorization: digest realm="ourr"',
      'Authorization: Bearer realm="ourr"',
    );
    removeCredentials(request, 'ourr');
    expect(request.headers('Proxy-Authorization')).to.deep.equal([
      'Digest username="u", realm="other", nonce="n", uri="sip:b", response="00"',
    ]);
    expect(request.headers('Authorization')).to.deep.equal(['Bearer realm="ourr"']);
  });
});
