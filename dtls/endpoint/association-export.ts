import { createCipheriv, createDecipheriv, createSecretKey, randomBytes, type KeyObject } from 'node:crypto';

import { decode, encode } from 'msgpack-lite';

import type { AssociationState } from '../association/association-state.ts';
import { DtlsError } from '../errors.ts';

/** An association on its way to another process, with the address of its peer. */
export interface ExportedAssociation {
  readonly address: string;
  readonly port: number;
  readonly state: AssociationState;
}

/** "OSGD" and the version of the format; authenticated, but not sealed. */
const HEAD = Buffer.from([0x4f, 0x53, 0x47, 0x44, 1]);

const KEY_OCTETS = 32;
const NONCE_OCTETS = 12;
const TAG_OCTETS = 16;
const GCM = { authTagLength: TAG_OCTETS };

/** One association in MessagePack; undefined when data of the application in it cannot be carried. It holds keys. */
export function encodeAssociation({ address, port, state }: ExportedAssociation): Buffer | undefined {
  try {
    return encode([address, port, state]);
  } catch {
    return undefined;
  }
}

/**
 * Head, nonce, tag, then the associations under AES-256-GCM: whoever reads them could speak for both sides.
 *
 * @param associations as encodeAssociation() made them; they are wiped
 */
export function sealAssociations(associations: readonly Buffer[], key: KeyObject): Buffer {
  const nonce = randomBytes(NONCE_OCTETS);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, GCM).setAAD(HEAD);
  const plaintext = encode(associations);
  for (const one of associations) one.fill(0);
  const ciphertext = cipher.update(plaintext);
  plaintext.fill(0);
  cipher.final();
  return Buffer.concat([HEAD, nonce, cipher.getAuthTag(), ciphertext]);
}

/** @throws DtlsError OSGATE_DTLS_IMPORT_FAILED */
export function openAssociations(sealed: Buffer, key: KeyObject): readonly ExportedAssociation[] {
  const start = HEAD.length + NONCE_OCTETS + TAG_OCTETS;
  if (sealed.length < start || !sealed.subarray(0, HEAD.length).equals(HEAD))
    throw new DtlsError('OSGATE_DTLS_IMPORT_FAILED', 'these are no exported associations of this version');
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(HEAD.length, HEAD.length + NONCE_OCTETS), GCM);
  decipher.setAAD(HEAD).setAuthTag(sealed.subarray(HEAD.length + NONCE_OCTETS, start));
  try {
    const plaintext = decipher.update(sealed.subarray(start));
    decipher.final();
    // Authenticated: only a process that has the key wrote it, in this version.
    const list = decode(plaintext) as readonly Buffer[];
    return list.map((one) => {
      const [address, port, state] = decode(one) as [string, number, AssociationState];
      return { address, port, state };
    });
  } catch (cause) {
    throw new DtlsError('OSGATE_DTLS_IMPORT_FAILED', 'the exported associations were sealed under another key', {
      cause,
    });
  }
}

/** @throws DtlsError OSGATE_DTLS_INVALID_ARGUMENT for a key that has not 32 octets */
export function exportKey(key: Buffer): KeyObject {
  if (key.length === KEY_OCTETS) return createSecretKey(key);
  throw new DtlsError('OSGATE_DTLS_INVALID_ARGUMENT', `a key of ${KEY_OCTETS} octets is needed`);
}
