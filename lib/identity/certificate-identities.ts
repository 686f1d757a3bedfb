import type { X509Certificate } from 'node:crypto';

import { isSipUri, isTelUri, parseUri } from '../../sip/message/index.ts';
import type { Identity } from './identity.ts';
import { subjectAltNames } from './subject-alt-names.ts';

export interface CertificateIdentitiesOptions {
  /** Public identities by a name in the certificate, as `URI:…`, `DNS:…`, `email:…` or `CN:…`; the default one first. */
  readonly identities?: readonly { readonly name: string; readonly uris: readonly string[] }[];
}

/**
 * Who the holder of a certificate is. SIP and tel URIs among its subject alternative names are its public identities, as
 * RFC 5922 has it for domains; other names count only where the configuration says what they mean. That the chain leads to a
 * trusted authority has been checked before.
 */
export class CertificateIdentities {
  readonly counters = { accepted: 0, 'without-identity': 0 };
  readonly #mapped: ReadonlyMap<string, readonly string[]>;

  constructor({ identities = [] }: CertificateIdentitiesOptions = {}) {
    this.#mapped = new Map(identities.map(({ name, uris }) => [foldName(name), uris]));
  }

  /** Undefined for a certificate that names nobody who is known here. */
  identify(certificate: X509Certificate): Identity | undefined {
    const names = [...subjectAltNames(certificate.subjectAltName), ...commonNames(certificate.subject)];
    const impus = new Set<string>();
    let subject: string | undefined;
    for (const { kind, value } of names) {
      const mapped = this.#mapped.get(foldName(`${kind}:${value}`));
      const own = kind === 'URI' && isPublicIdentity(value) ? [value] : undefined;
      for (const impu of mapped ?? own ?? []) impus.add(impu);
      if (mapped !== undefined || own !== undefined) subject ??= value;
    }
    if (subject === undefined) {
      this.counters['without-identity']++;
      return undefined;
    }
    this.counters.accepted++;
    const expiresAt = Date.parse(certificate.validTo);
    return {
      scheme: 'certificate',
      subject,
      impus: [...impus],
      securitySettings: [],
      ...(Number.isNaN(expiresAt) ? {} : { expiresAt }),
    };
  }
}

/** Kind and value without regard to case: DNS names have none, and nobody is let in that has no certificate of ours. */
function foldName(name: string): string {
  return name.toLowerCase();
}

function isPublicIdentity(text: string): boolean {
  const uri = parseUri(text);
  return isSipUri(uri) || isTelUri(uri);
}

/** The CN values of a subject as node:crypto writes it: one `type=value` a line. */
function commonNames(subject: string): { readonly kind: string; readonly value: string }[] {
  return subject
    .split('\n')
    .filter((line) => line.startsWith('CN='))
    .map((line) => ({ kind: 'CN', value: line.slice(3) }));
}
