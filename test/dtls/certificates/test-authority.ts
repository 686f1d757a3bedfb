import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface IssueOptions {
  /** What `openssl genpkey` calls it: P-256 by default. */
  readonly key?: 'P-256' | 'P-384' | 'ED25519' | 'RSA-2048' | 'RSA-1024';
  /** Lines of an extension section. */
  readonly extensions?: readonly string[];
  readonly issuer?: TestCertificate;
  readonly digest?: string;
  readonly subject?: string;
  /** From now on. */
  readonly days?: number;
}

/** PEM of a certificate and its key. */
export interface TestCertificate {
  readonly certificate: string;
  readonly privateKey: string;
}

export const CA_EXTENSIONS = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign'];

let serial = 1;

/** Makes a certificate with the openssl of the system, self-signed unless an issuer is given. */
export function issue(options: IssueOptions = {}): TestCertificate {
  const {
    key = 'P-256',
    extensions = [],
    issuer,
    digest = 'sha256',
    subject = `/CN=test ${serial}`,
    days = 30,
  } = options;
  const folder = mkdtempSync(join(tmpdir(), 'osgate-ca-'));
  const file = (name: string): string => join(folder, name);
  const openssl = (...parameters: string[]): void => {
    execFileSync('openssl', parameters, { stdio: ['ignore', 'ignore', 'pipe'] });
  };
  try {
    openssl('genpkey', ...keyParameters(key), '-out', file('key.pem'));
    openssl('req', '-new', '-key', file('key.pem'), '-subj', subject, '-out', file('request.pem'));
    writeFileSync(file('extensions'), ['[e]', ...extensions].join('\n') + '\n');
    const sign = ['x509', '-req', '-in', file('request.pem'), '-days', String(days), '-set_serial', String(serial++)];
    const section = ['-extfile', file('extensions'), '-extensions', 'e', '-out', file('certificate.pem')];
    const hash = key === 'ED25519' && issuer === undefined ? [] : [`-${digest}`];
    if (issuer === undefined) openssl(...sign, ...hash, '-signkey', file('key.pem'), ...section);
    else {
      writeFileSync(file('ca.pem'), issuer.certificate);
      writeFileSync(file('ca-key.pem'), issuer.privateKey);
      openssl(...sign, ...hash, '-CA', file('ca.pem'), '-CAkey', file('ca-key.pem'), ...section);
    }
    return {
      certificate: readFileSync(file('certificate.pem'), 'latin1'),
      privateKey: readFileSync(file('key.pem'), 'latin1'),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function keyParameters(key: NonNullable<IssueOptions['key']>): string[] {
  if (key === 'ED25519') return ['-algorithm', 'ED25519'];
  if (key.startsWith('RSA')) return ['-algorithm', 'RSA', '-pkeyopt', `rsa_keygen_bits:${key.slice(4)}`];
  return ['-algorithm', 'EC', '-pkeyopt', `ec_paramgen_curve:${key}`];
}
