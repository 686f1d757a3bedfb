import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** The certificate of whoever opened a connection; undefined where there is none. */
export interface ClientCertificate {
  /** Whether an authority that is trusted signed it, and it is valid now. */
  readonly trusted: boolean;
  /** The dNSNames in its subject alternative name, in lower case. */
  readonly names: readonly string[];
}

export function clientCertificateOf(socket: Socket): ClientCertificate | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return undefined;
  return { trusted: socket.authorized, names: dnsNamesOf(certificate.subjectAltName) };
}

/** `DNS:a.example, DNS:b.example` to names in lower case. */
export function dnsNamesOf(subjectAltName: string | undefined): readonly string[] {
  // Node quotes a name that holds a comma, and splitting it there would find names that the authority never confirmed
  // (CVE-2021-44532).
  if (subjectAltName === undefined || subjectAltName.includes('"')) return [];
  return subjectAltName
    .split(', ')
    .filter((entry) => entry.startsWith('DNS:'))
    .map((entry) => entry.slice('DNS:'.length).toLowerCase());
}
