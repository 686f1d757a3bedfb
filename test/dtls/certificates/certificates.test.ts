import { X509Certificate } from 'node:crypto';

import { expect } from 'chai';

import { authorityNames } from '../../../dtls/certificates/authority-names.ts';
import {
  certificateVerifier,
  type CertificateVerifierOptions,
} from '../../../dtls/certificates/certificate-verifier.ts';
import { chooseCredentials, loadCredentials } from '../../../dtls/certificates/credentials.ts';
import { readPemCertificates } from '../../../dtls/certificates/read-certificates.ts';
import { matchesHost, matchesSipDomain, sipDomains, subjectNames } from '../../../dtls/certificates/subject-names.ts';
import { ALERT, DtlsError } from '../../../dtls/errors.ts';
import { CA_EXTENSIONS, issue, type TestCertificate } from './test-authority.ts';

const SERVER_EXTENSIONS = ['subjectAltName=DNS:a.example', 'extendedKeyUsage=serverAuth'];
const DAY = 86_400_000;

function der(...certificates: TestCertificate[]): Buffer[] {
  return certificates.map(({ certificate }) => Buffer.from(new X509Certificate(certificate).raw));
}

function caught(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('DTLS certificates', function () {
  this.timeout(60_000);
  const root = issue({ extensions: CA_EXTENSIONS, subject: '/O=Root/CN=root' });
  const other = issue({ extensions: CA_EXTENSIONS, subject: '/O=Root/CN=root' });
  const middle = issue({ extensions: CA_EXTENSIONS, subject: '/CN=middle', issuer: root });
  const server = issue({ extensions: SERVER_EXTENSIONS, issuer: root });
  const below = issue({ extensions: SERVER_EXTENSIONS, issuer: middle });

  function verdict(
    chain: readonly TestCertificate[],
    options: Partial<CertificateVerifierOptions> = {},
    serverName: string | undefined = 'a.example',
  ): number | undefined {
    const verify = certificateVerifier({ authorities: root.certificate, role: 'server', ...options });
    return verify(der(...chain), serverName);
  }

  it('accepts a server that an authority names, directly and through a CA between', () => {
    expect(verdict([server])).to.equal(undefined);
    expect(verdict([below, middle])).to.equal(undefined);
  });

  it('finds the CAs between whatever their order, and ignores what is not on the path', () => {
    const lower = issue({ extensions: CA_EXTENSIONS, subject: '/CN=lower', issuer: middle });
    const own = issue({ extensions: SERVER_EXTENSIONS, issuer: lower });
    expect(verdict([own, middle, server, lower])).to.equal(undefined);
  });

  it('accepts a certificate that is an anchor itself', () => {
    const pinned = issue({ extensions: ['subjectAltName=DNS:a.example'] });
    expect(verdict([pinned], { authorities: pinned.certificate })).to.equal(undefined);
  });

  it('refuses an unknown CA, a CA of the same name with another key, and a gap in the chain', () => {
    expect(verdict([issue({ extensions: SERVER_EXTENSIONS })])).to.equal(ALERT.unknownCa);
    expect(verdict([issue({ extensions: SERVER_EXTENSIONS, issuer: other })])).to.equal(ALERT.unknownCa);
    expect(verdict([below])).to.equal(ALERT.unknownCa);
    expect(verdict([])).to.equal(ALERT.badCertificate);
  });

  it('refuses what has expired and what is not valid yet, of peer, CA and anchor', () => {
    expect(verdict([server], { now: () => Date.now() + 31 * DAY })).to.equal(ALERT.certificateExpired);
    expect(verdict([server], { now: () => Date.now() - DAY })).to.equal(ALERT.certificateExpired);
    const brief = issue({ extensions: CA_EXTENSIONS, subject: '/CN=brief', issuer: root, days: 1 });
    const own = issue({ extensions: SERVER_EXTENSIONS, issuer: brief });
    expect(verdict([own, brief], { now: () => Date.now() + 2 * DAY })).to.equal(ALERT.certificateExpired);
    const now = (): number => Date.now() + 2 * DAY;
    expect(verdict([own], { authorities: brief.certificate, now })).to.equal(ALERT.certificateExpired);
  });

  it('takes the good one of two CAs with one name and key', () => {
    expect(verdict([below, issue({ subject: '/CN=middle' }), middle])).to.equal(undefined);
  });

  it('refuses an issuer that is no CA, or may not sign certificates', () => {
    const notCa = issue({ extensions: ['basicConstraints=critical,CA:FALSE'], subject: '/CN=no ca', issuer: root });
    expect(verdict([issue({ extensions: SERVER_EXTENSIONS, issuer: notCa }), notCa])).to.be.a('number');
    const silent = issue({ subject: '/CN=silent', issuer: root });
    expect(verdict([issue({ extensions: SERVER_EXTENSIONS, issuer: silent }), silent])).to.equal(ALERT.badCertificate);
    const extensions = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,digitalSignature'];
    const noSign = issue({ extensions, subject: '/CN=no sign', issuer: root });
    expect(verdict([issue({ extensions: SERVER_EXTENSIONS, issuer: noSign }), noSign])).to.be.a('number');
  });

  it('refuses more CAs than a path length or the setting allows', () => {
    const top = issue({
      extensions: ['basicConstraints=critical,CA:TRUE,pathlen:0'],
      subject: '/CN=top',
      issuer: root,
    });
    const lower = issue({ extensions: CA_EXTENSIONS, subject: '/CN=lower', issuer: top });
    const own = issue({ extensions: SERVER_EXTENSIONS, issuer: lower });
    expect(verdict([own, lower, top])).to.equal(ALERT.badCertificate);
    expect(verdict([issue({ extensions: SERVER_EXTENSIONS, issuer: top }), top])).to.equal(undefined);
    expect(verdict([below, middle], { maximumIntermediates: 0 })).to.equal(ALERT.unknownCa);
  });

  it('takes a pinned certificate that is no CA for itself, and for nothing that its owner issues', () => {
    const pinned = issue({ extensions: SERVER_EXTENSIONS, subject: '/CN=pinned' });
    const verify = certificateVerifier({ authorities: pinned.certificate, role: 'server' });
    expect(verify(der(pinned), 'a.example')).to.equal(undefined);
    const issued = issue({ extensions: SERVER_EXTENSIONS, issuer: pinned });
    expect(verify(der(issued), 'a.example')).to.equal(ALERT.badCertificate);
  });

  it('refuses a certificate made for something else', () => {
    const client = issue({ extensions: ['subjectAltName=DNS:a.example', 'extendedKeyUsage=clientAuth'], issuer: root });
    expect(verdict([client])).to.equal(ALERT.unsupportedCertificate);
    expect(verdict([client], { role: 'client' })).to.equal(undefined);
    expect(verdict([server], { role: 'client' })).to.equal(ALERT.unsupportedCertificate);
    const agreeing = issue({
      extensions: ['keyUsage=critical,keyAgreement', 'subjectAltName=DNS:a.example'],
      issuer: root,
    });
    expect(verdict([agreeing])).to.equal(ALERT.unsupportedCertificate);
  });

  it('refuses critical extensions that it does not know, name constraints among them', () => {
    const odd = issue({ extensions: [...SERVER_EXTENSIONS, '1.2.3.4=critical,DER:0500'], issuer: root });
    expect(verdict([odd])).to.equal(ALERT.unsupportedCertificate);
    const extensions = [...CA_EXTENSIONS, 'nameConstraints=critical,permitted;DNS:b.example'];
    const constrained = issue({ extensions, subject: '/CN=constrained', issuer: root });
    const own = issue({ extensions: SERVER_EXTENSIONS, issuer: constrained });
    expect(verdict([own, constrained])).to.equal(ALERT.unsupportedCertificate);
  });

  it('refuses short RSA keys and signatures with SHA-1', () => {
    const short = issue({ key: 'RSA-1024', extensions: SERVER_EXTENSIONS, issuer: root });
    expect(verdict([short])).to.equal(ALERT.badCertificate);
    expect(verdict([short], { minimumRsaBits: 1024 })).to.equal(undefined);
    expect(verdict([issue({ extensions: SERVER_EXTENSIONS, issuer: root, digest: 'sha1' })])).to.equal(
      ALERT.badCertificate,
    );
  });

  it('refuses octets that are no certificate', () => {
    const verify = certificateVerifier({ authorities: root.certificate, role: 'server' });
    expect(verify([Buffer.from('3003020101', 'hex')], undefined)).to.equal(ALERT.badCertificate);
    const [whole = Buffer.alloc(0)] = der(server);
    for (let end = 0; end < whole.length; end += 7) {
      expect(verify([whole.subarray(0, end)], undefined)).to.equal(ALERT.badCertificate);
    }
  });

  it('compares the name of a server, and none of a client', () => {
    expect(verdict([server], {}, 'b.example')).to.equal(ALERT.badCertificate);
    const verify = certificateVerifier({ authorities: root.certificate, role: 'server' });
    expect(verify(der(server), undefined)).to.equal(undefined);
    const client = issue({ extensions: ['extendedKeyUsage=clientAuth'], issuer: root });
    expect(verdict([client], { role: 'client' }, 'b.example')).to.equal(undefined);
    const sip = issue({ extensions: ['subjectAltName=URI:sip:b.example,DNS:a.example'], issuer: root });
    expect(verdict([sip], { naming: 'sip-domain' })).to.equal(ALERT.badCertificate);
    expect(verdict([sip], { naming: 'sip-domain' }, 'b.example')).to.equal(undefined);
  });

  it('compares hosts as RFC 9525 says', () => {
    const extensions = ['subjectAltName=DNS:a.example,DNS:*.b.example,IP:192.0.2.1,IP:2001:db8::1,DNS:*.example'];
    const [own = Buffer.alloc(0)] = der(issue({ extensions }));
    const names = subjectNames(own);
    for (const host of ['a.example', 'A.EXAMPLE.', 'x.b.example', '192.0.2.1', '2001:DB8:0::1']) {
      expect(matchesHost(names, host), host).to.equal(true);
    }
    for (const host of ['example', 'b.example', 'x.y.b.example', '192.0.2.2', '2001:db8::2', '*.c.example', '']) {
      expect(matchesHost(names, host), host).to.equal(false);
    }
  });

  it('reads SIP domains as RFC 5922 says: URIs first, without users, and no wildcards', () => {
    const name = (value: string) => {
      const [own = Buffer.alloc(0)] = der(issue({ extensions: [`subjectAltName=${value}`] }));
      return subjectNames(own);
    };
    expect(sipDomains(name('URI:sip:b.example,DNS:a.example,URI:sip:alice@c.example'))).to.deep.equal(['b.example']);
    expect(sipDomains(name('URI:https://b.example,DNS:A.example'))).to.deep.equal(['a.example']);
    expect(matchesSipDomain(name('DNS:*.example'), 'a.example')).to.equal(false);
    expect(sipDomains(name('URI:sip:alice@c.example,DNS:a.example'))).to.deep.equal([]);
  });

  it('does not take names from the common name, nor names with octets that readers differ on', () => {
    const [own = Buffer.alloc(0)] = der(issue({ subject: '/CN=a.example' }));
    expect(matchesHost(subjectNames(own), 'a.example')).to.equal(false);
    // DNS:"a.example" NUL ".b.example"
    const value = Buffer.from('a.example\0.b.example', 'latin1');
    const general = Buffer.concat([Buffer.from([0x30, value.length + 2, 0x82, value.length]), value]);
    const [odd = Buffer.alloc(0)] = der(issue({ extensions: [`2.5.29.17=DER:${general.toString('hex')}`] }));
    expect(subjectNames(odd).dnsNames).to.deep.equal([]);
  });

  describe('credentials', () => {
    it('load for each kind of key, with the schemes that fit', () => {
      const schemes = (key: 'P-256' | 'P-384' | 'ED25519' | 'RSA-2048') => loadCredentials(issue({ key })).schemes[0];
      expect(schemes('P-256')).to.equal(0x0403);
      expect(schemes('P-384')).to.equal(0x0503);
      expect(schemes('ED25519')).to.equal(0x0807);
      expect(schemes('RSA-2048')).to.equal(0x0804);
    });

    it('are refused when they do not fit, are weak, or cannot be read', () => {
      const bad = [
        { ...server, privateKey: root.privateKey },
        { ...server, privateKey: 'nothing' },
        { ...server, certificate: 'nothing' },
        { ...server, certificate: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----' },
        { ...server, certificate: server.certificate + middle.certificate },
        issue({ key: 'RSA-1024' }),
      ];
      for (const source of bad) {
        const error = caught(() => loadCredentials(source));
        expect(error).to.be.instanceOf(DtlsError);
        expect((error as DtlsError).code).to.equal('OSGATE_DTLS_INVALID_CREDENTIALS');
        expect((error as DtlsError).message).not.to.include('PRIVATE KEY');
      }
      expect(
        loadCredentials({ ...below, certificate: below.certificate + middle.certificate }).certificates,
      ).to.have.length(2);
    });

    it('are chosen by server name, with the others behind', () => {
      const first = loadCredentials(server);
      const second = loadCredentials(issue({ extensions: ['subjectAltName=DNS:*.b.example'] }));
      const third = loadCredentials({ ...issue(), serverNames: ['C.example'] });
      const all = [first, second, third];
      expect(chooseCredentials(all, undefined)).to.deep.equal(all);
      expect(chooseCredentials(all, 'x.b.example')).to.deep.equal([second, first, third]);
      expect(chooseCredentials(all, 'c.example')).to.deep.equal([third, first, second]);
      expect(chooseCredentials(all, 'unknown.example')).to.deep.equal(all);
    });
  });

  it('gives the names of authorities as their certificates have them', () => {
    const names = authorityNames(root.certificate + middle.certificate);
    const [first = Buffer.alloc(0)] = der(root);
    expect(names).to.have.length(2);
    expect(first.includes(names[0] ?? 'absent')).to.equal(true);
    expect(names[1]?.toString('latin1')).to.include('middle').and.not.to.include('root');
  });

  it('reads all certificates of a PEM text', () => {
    expect(readPemCertificates(`x\n${root.certificate}y\n${middle.certificate}`, 'test')).to.have.length(2);
  });
});
