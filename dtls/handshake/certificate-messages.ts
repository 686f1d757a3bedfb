import { ByteReader } from './byte-reader.ts';
import { readNumbers } from './extensions.ts';
import { beginMessage, endMessage } from './handshake-message.ts';
import { HANDSHAKE_TYPE } from './handshake-type.ts';

/** Certificates of a Certificate message (RFC 5246 7.4.2) in DER, its sender's own first; views of the message. */
export function readCertificate(body: Buffer, maximum: number): Buffer[] | undefined {
  const outer = new ByteReader(body);
  const list = outer.vector24();
  if (!outer.complete) return undefined;
  const reader = new ByteReader(list);
  const certificates: Buffer[] = [];
  while (reader.remaining > 0) {
    certificates.push(reader.vector24(1));
    if (reader.failed || certificates.length > maximum) return undefined;
  }
  return certificates;
}

export function writeCertificate(certificates: readonly Buffer[], sequence: number): Buffer {
  const writer = beginMessage();
  writer.uint24(certificates.reduce((sum, { length }) => sum + 3 + length, 0));
  for (const certificate of certificates) writer.vector24(certificate);
  return endMessage(writer, HANDSHAKE_TYPE.certificate, sequence);
}

/** ClientCertificateType (RFC 5246 7.4.4, RFC 8422 5.5). */
export const CERTIFICATE_TYPE = { rsaSign: 1, ecdsaSign: 64 } as const;

/** RFC 5246 7.4.4. */
export interface CertificateRequest {
  readonly types: readonly number[];
  readonly signatureSchemes: readonly number[];
  /** Distinguished names in DER. */
  readonly authorities: readonly Buffer[];
}

export function readCertificateRequest(body: Buffer): CertificateRequest | undefined {
  const outer = new ByteReader(body);
  const types = [...outer.vector8(1)];
  const signatureSchemes = readNumbers(outer.vector16(2));
  const reader = new ByteReader(outer.vector16());
  if (!outer.complete || signatureSchemes === undefined) return undefined;
  const authorities: Buffer[] = [];
  while (reader.remaining > 0) {
    authorities.push(reader.vector16(1));
    if (reader.failed) return undefined;
  }
  return { types, signatureSchemes, authorities };
}

export function writeCertificateRequest(request: CertificateRequest, sequence: number): Buffer {
  const writer = beginMessage();
  writer.vector8(Uint8Array.from(request.types));
  const schemes = writer.beginVector16();
  for (const scheme of request.signatureSchemes) writer.uint16(scheme);
  const names = writer.endVector16(schemes).beginVector16();
  for (const name of request.authorities) writer.vector16(name);
  writer.endVector16(names);
  return endMessage(writer, HANDSHAKE_TYPE.certificateRequest, sequence);
}

/** A signature with the scheme that made it (RFC 5246 4.7). */
export interface DigitallySigned {
  readonly scheme: number;
  readonly signature: Buffer;
}

export function readCertificateVerify(body: Buffer): DigitallySigned | undefined {
  const reader = new ByteReader(body);
  const scheme = reader.uint16();
  const signature = reader.vector16();
  return reader.complete ? { scheme, signature } : undefined;
}

export function writeCertificateVerify(signed: DigitallySigned, sequence: number): Buffer {
  const writer = beginMessage().uint16(signed.scheme).vector16(signed.signature);
  return endMessage(writer, HANDSHAKE_TYPE.certificateVerify, sequence);
}
