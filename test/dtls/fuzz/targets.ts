import { createHash } from 'node:crypto';

import { expect } from 'chai';

import { readCertificateFields } from '../../../dtls/certificates/certificate-fields.ts';
import { certificateVerifier } from '../../../dtls/certificates/certificate-verifier.ts';
import { readPeerCertificate } from '../../../dtls/certificates/read-certificates.ts';
import { matchesHost, matchesSipDomain, subjectNames } from '../../../dtls/certificates/subject-names.ts';
import { plainRecord, readRecord, RecordView } from '../../../dtls/record/record-header.ts';
import { RecordProtection } from '../../../dtls/record/record-protection.ts';
import { CIPHER_SUITES } from '../../../dtls/suites/cipher-suite.ts';
import { keyBlockLength } from '../../../dtls/suites/secrets.ts';
import type { FuzzTarget } from '../../sip/fuzz/targets.ts';
import { CA_EXTENSIONS, issue } from '../certificates/test-authority.ts';

const CID = Buffer.from('c1d0c1d0c1d0c1d0', 'hex');
/** What authentic records carry. Everything else that opens is a forgery. */
const CONTENTS = ['', 'a', 'MESSAGE sip:bob@example.com SIP/2.0\r\n\r\n', 'x'.repeat(300)];

/** A server for each way to protect records, with and without connection identifiers, and what its client sealed. */
const SIDES = CIPHER_SUITES.filter(
  ({ bulk }, index) => CIPHER_SUITES.findIndex((other) => other.bulk === bulk) === index,
).flatMap((suite) =>
  [undefined, CID].map((cid) => {
    // The same in every run, so that an input that once broke a promise can be replayed.
    const keys = createHash('shake256', { outputLength: keyBlockLength(suite) })
      .update(suite.name)
      .digest();
    const options = { encryptThenMac: suite.legacy, limits: { sealed: 2 ** 48, failed: 2 ** 48 } };
    const client = new RecordProtection(suite, keys, false, { ...options, sendCid: cid });
    const server = new RecordProtection(suite, keys, true, { ...options, receiveCid: cid });
    const records = CONTENTS.map((content, index) => client.seal(22 + (index % 2), 1, index, Buffer.from(content)));
    return { server, records: records.map((record) => record?.toString('latin1') ?? '') };
  }),
);

const PLAIN = plainRecord(22, 3, Buffer.from('0100000000000000', 'hex')).toString('latin1');
const RECORD_CORPUS = [
  PLAIN,
  ...SIDES.flatMap(({ records }) => records),
  ...SIDES.map(({ records }) => records.join('')),
  ...SIDES.map(({ records }) => PLAIN + (records[1] ?? '') + PLAIN),
];

/** Opens every record of a datagram with every server; gives what opened, as type and text. */
function readRecords(text: string): string[] {
  const datagram = Buffer.from(text, 'latin1');
  const view = new RecordView();
  const opened: string[] = [];
  // More records than a datagram of ours has cost an attacker more than us; here they would cost only time.
  let offset = 0;
  for (let count = 0; count < 8 && readRecord(datagram, offset, CID.length, view); count++) {
    expect(view.end).to.be.above(offset).and.at.most(datagram.length);
    for (const { server } of SIDES) {
      const content = server.open(datagram, view);
      if (content !== undefined) opened.push(`${view.contentType} ${content.toString('latin1')}`);
    }
    offset = view.end;
  }
  return opened;
}

const AUTHENTIC = new Set(CONTENTS.map((content, index) => `${22 + (index % 2)} ${content}`));

function checkRecords(text: string): void {
  for (const opened of readRecords(text)) expect(AUTHENTIC.has(opened), opened).to.equal(true);
}

const ROOT = issue({ extensions: CA_EXTENSIONS, subject: '/CN=root' });
const NAMES =
  'subjectAltName=DNS:a.example,DNS:*.b.example,URI:sip:c.example,IP:192.0.2.1,IP:2001:db8::1,email:x@a.example';
const CERTIFICATES = [
  ROOT,
  issue({ extensions: [NAMES, 'extendedKeyUsage=serverAuth', 'keyUsage=digitalSignature'], issuer: ROOT }),
  issue({ extensions: ['basicConstraints=critical,CA:TRUE,pathlen:1'], issuer: ROOT, key: 'RSA-2048' }),
].map(({ certificate }) => readPeerCertificate(Buffer.from(certificate))?.raw.toString('latin1') ?? '');
const verify = certificateVerifier({ authorities: ROOT.certificate, role: 'server' });

function readCertificate(text: string): number | undefined {
  const der = Buffer.from(text, 'latin1');
  readCertificateFields(der);
  const names = subjectNames(der);
  matchesHost(names, 'a.example');
  matchesHost(names, '2001:db8::1');
  matchesSipDomain(names, 'c.example');
  return verify([der], undefined);
}

function checkCertificate(text: string): void {
  if (readCertificate(text) !== undefined) return;
  // Octets behind the certificate are not part of it.
  const { raw } = readPeerCertificate(Buffer.from(text, 'latin1')) ?? expect.fail('verified, but not read');
  expect(CERTIFICATES.includes(raw.toString('latin1')), 'a changed certificate was verified').to.equal(true);
}

/** Records of all kinds of protection, and certificates. Texts are Latin-1, one character an octet. */
export const DTLS_FUZZ_TARGETS: readonly FuzzTarget[] = [
  { name: 'dtls-record', corpus: RECORD_CORPUS, read: readRecords, check: checkRecords },
  { name: 'dtls-certificate', corpus: CERTIFICATES, read: readCertificate, check: checkCertificate },
];
