import { isIP } from 'node:net';

import { EXTENSION, readCertificateFields } from './certificate-fields.ts';
import { DER, readDer, readDerSequence } from './der.ts';

/** The alternative names of a certificate's subject (RFC 5280 4.2.1.6), those of a kind in the order of the certificate. */
export interface SubjectNames {
  readonly uris: readonly string[];
  /** In lower case. */
  readonly dnsNames: readonly string[];
  readonly emails: readonly string[];
  /** 4 or 16 octets each. */
  readonly addresses: readonly Buffer[];
}

/**
 * Reads the names of a certificate. The common name is not one of them (RFC 9525 2). A name with anything but visible ASCII is left
 * out, because readers differ on what it says.
 *
 * @param certificate DER
 */
export function subjectNames(certificate: Buffer): SubjectNames {
  const names = { uris: [] as string[], dnsNames: [] as string[], emails: [] as string[], addresses: [] as Buffer[] };
  const extension = readCertificateFields(certificate)?.extensions.get(EXTENSION.subjectAltName);
  const list = extension === undefined ? undefined : readDer(extension.value, 0);
  if (list?.tag !== DER.sequence) return names;
  for (const { tag, content } of readDerSequence(list.content) ?? []) {
    if (tag === GENERAL_NAME.address && (content.length === 4 || content.length === 16)) names.addresses.push(content);
    if (!isVisible(content)) continue;
    if (tag === GENERAL_NAME.uri) names.uris.push(content.toString('latin1'));
    if (tag === GENERAL_NAME.dns) names.dnsNames.push(content.toString('latin1').toLowerCase());
    if (tag === GENERAL_NAME.email) names.emails.push(content.toString('latin1'));
  }
  return names;
}

/**
 * The SIP domains that a certificate stands for (RFC 5922 7.1): those of its `sip:` URIs without a user part, and only when there
 * are no URIs of that scheme at all, its DNS names. In lower case.
 */
export function sipDomains({ uris, dnsNames }: SubjectNames): readonly string[] {
  const sip = uris.filter((uri) => uri.slice(0, 4).toLowerCase() === 'sip:').map((uri) => uri.slice(4).toLowerCase());
  return sip.length > 0 ? sip.filter((domain) => !/[@;?:/]/.test(domain)) : dnsNames;
}

/** Whether a certificate stands for a SIP domain: equal but for case, never by wildcard (RFC 5922 7.2). */
export function matchesSipDomain(names: SubjectNames, domain: string): boolean {
  return sipDomains(names).includes(normalName(domain));
}

/**
 * Whether a certificate stands for a host, which is a name or an address literal. A wildcard is the whole leftmost label and stands
 * for one label (RFC 9525 6.3); an address is never compared with a DNS name.
 */
export function matchesHost({ dnsNames, addresses }: SubjectNames, host: string): boolean {
  if (isIP(host) !== 0) {
    const octets = literalOctets(host);
    return addresses.some((address) => address.equals(octets));
  }
  const name = normalName(host);
  const parent = name.indexOf('.');
  const wildcard = parent > 0 && name.includes('.', parent + 1) ? `*${name.slice(parent)}` : undefined;
  return dnsNames.some((dnsName) => dnsName === name || dnsName === wildcard);
}

/** Tags of GeneralName. */
const GENERAL_NAME = { email: 0x81, dns: 0x82, uri: 0x86, address: 0x87 } as const;

/** In lower case, without the dot of the root. */
function normalName(name: string): string {
  const lower = name.toLowerCase();
  return lower.endsWith('.') ? lower.slice(0, -1) : lower;
}

function isVisible(octets: Buffer): boolean {
  return octets.length > 0 && octets.every((octet) => octet > 0x20 && octet < 0x7f);
}

/** The 4 or 16 octets of an address literal; a zone is left off. */
function literalOctets(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  // The URL parser writes eight groups in one spelling, with an IPv4 tail as two of them.
  const literal = new URL(`http://[${address.split('%')[0] ?? ''}]`).hostname.slice(1, -1);
  const [head = '', tail] = literal.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return Buffer.from([...before, ...zeros, ...after].map((group) => group.padStart(4, '0')).join(''), 'hex');
}
