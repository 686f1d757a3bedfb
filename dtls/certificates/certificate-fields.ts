import { DER, readDer, readDerSequence, type DerElement } from './der.ts';

/** What node:crypto does not tell of a certificate, and a verifier has to know. */
export interface CertificateFields {
  /** The object identifier of the algorithm that signed it, in hexadecimal digits of its DER content. */
  readonly signatureAlgorithm: string;
  /** By object identifier, in the same form. */
  readonly extensions: ReadonlyMap<string, CertificateExtension>;
}

export interface CertificateExtension {
  readonly critical: boolean;
  readonly value: Buffer;
}

/** Object identifiers of extensions (RFC 5280 4.2.1), in hexadecimal digits. */
export const EXTENSION = {
  keyUsage: '551d0f',
  subjectAltName: '551d11',
  basicConstraints: '551d13',
  certificatePolicies: '551d20',
  extendedKeyUsage: '551d25',
} as const;

/** Reads a certificate (RFC 5280 4.1); undefined when it is none. @param certificate DER */
export function readCertificateFields(certificate: Buffer): CertificateFields | undefined {
  const [outer] = readDerSequence(certificate) ?? [];
  const [signed, algorithm] = (outer?.tag === DER.sequence && readDerSequence(outer.content)) || [];
  const identifier = algorithm?.tag === DER.sequence ? readDer(algorithm.content, 0) : undefined;
  const fields = signed?.tag === DER.sequence ? readDerSequence(signed.content) : undefined;
  if (identifier?.tag !== DER.objectIdentifier || fields === undefined) return undefined;
  const extensions = readExtensions(fields.find(({ tag }) => tag === EXTENSIONS_TAG));
  if (extensions === undefined) return undefined;
  return { signatureAlgorithm: identifier.content.toString('hex'), extensions };
}

/** Whether a CA, and how many CAs may stand below it (RFC 5280 4.2.1.9); undefined when there is no such extension. */
export function basicConstraints({
  extensions,
}: CertificateFields): { readonly ca: boolean; readonly pathLength: number } | undefined {
  const extension = extensions.get(EXTENSION.basicConstraints);
  const sequence = extension === undefined ? undefined : readDer(extension.value, 0);
  if (sequence?.tag !== DER.sequence) return undefined;
  const elements = readDerSequence(sequence.content) ?? [];
  const ca = elements.find(({ tag }) => tag === DER.boolean)?.content[0] === 0xff;
  const length = elements.find(({ tag }) => tag === DER.integer)?.content;
  if (length === undefined) return { ca, pathLength: Number.POSITIVE_INFINITY };
  // A negative or a huge length is a mistake, and then nothing may stand below.
  return { ca, pathLength: length.length === 1 ? (length[0] ?? 0) & 0x7f : 0 };
}

/** The bits of RFC 5280 4.2.1.3 that matter to us. */
export const KEY_USAGE = { digitalSignature: 0x80, keyCertSign: 0x04 } as const;

/** Whether a key may be used so; true when the certificate does not say (RFC 5280 4.2.1.3). */
export function allowsKeyUsage({ extensions }: CertificateFields, usage: number): boolean {
  const extension = extensions.get(EXTENSION.keyUsage);
  if (extension === undefined) return true;
  const bits = readDer(extension.value, 0);
  return bits?.tag === DER.bitString && ((bits.content[1] ?? 0) & usage) !== 0;
}

/** Purposes (RFC 5280 4.2.1.12), in hexadecimal digits of their object identifiers. */
export const PURPOSE = { serverAuth: '2b06010505070301', clientAuth: '2b06010505070302', any: '551d2500' } as const;

/** Whether a certificate is made for a purpose; true when it does not say. */
export function allowsPurpose({ extensions }: CertificateFields, purpose: string): boolean {
  const extension = extensions.get(EXTENSION.extendedKeyUsage);
  if (extension === undefined) return true;
  const sequence = readDer(extension.value, 0);
  const purposes = (sequence?.tag === DER.sequence && readDerSequence(sequence.content)) || [];
  return purposes.some(({ content }) => {
    const identifier = content.toString('hex');
    return identifier === purpose || identifier === PURPOSE.any;
  });
}

/** The tag [3] EXPLICIT of the extensions in TBSCertificate. */
const EXTENSIONS_TAG = 0xa3;

/** Undefined for what is malformed, or has one extension twice (RFC 5280 4.2). */
function readExtensions(wrapper: DerElement | undefined): Map<string, CertificateExtension> | undefined {
  const extensions = new Map<string, CertificateExtension>();
  if (wrapper === undefined) return extensions;
  const list = readDer(wrapper.content, 0);
  const elements = list?.tag === DER.sequence ? readDerSequence(list.content) : undefined;
  if (elements === undefined) return undefined;
  for (const element of elements) {
    const [identifier, second, third] = (element.tag === DER.sequence && readDerSequence(element.content)) || [];
    const value = second?.tag === DER.boolean ? third : second;
    if (identifier?.tag !== DER.objectIdentifier || value?.tag !== DER.octetString) return undefined;
    const name = identifier.content.toString('hex');
    if (extensions.has(name)) return undefined;
    const critical = second?.tag === DER.boolean && second.content[0] !== 0;
    extensions.set(name, { critical, value: value.content });
  }
  return extensions;
}
