import { createHmac } from 'node:crypto';
import { KmcError } from '../errors.ts';

/**
 * The generic key derivation function (TS 33.220 B.2): HMAC-SHA-256(key, S), 32 octets, where
 * S = FC || P0 || L0 || ... || Pn || Ln and each L is the 2-octet length of the P before it.
 *
 * Strings are taken as {@link kdfString} encodes them. FC is one octet, or two that start with FF (0xFF00 to 0xFFFF).
 * Throws OSGATE_KMC_INVALID_ARGUMENT for another FC or a parameter over 65,535 octets.
 */
export function kdf(key: Uint8Array, fc: number, parameters: readonly (Uint8Array | string)[]): Buffer {
  return createHmac('sha256', key).update(kdfInput(fc, parameters)).digest();
}

/** The octet string S of the KDF (TS 33.220 B.2.0); errors as for {@link kdf}. */
export function kdfInput(fc: number, parameters: readonly (Uint8Array | string)[]): Buffer {
  const pieces: Uint8Array[] = [functionCode(fc)];
  for (const parameter of parameters) {
    const octets = typeof parameter === 'string' ? kdfString(parameter) : parameter;
    if (octets.length > 0xffff) {
      throw new KmcError('OSGATE_KMC_INVALID_ARGUMENT', 'a KDF parameter has more than 65,535 octets');
    }
    const length = Buffer.alloc(2);
    length.writeUInt16BE(octets.length);
    pieces.push(octets, length);
  }
  return Buffer.concat(pieces);
}

/** A character string as a KDF parameter: UTF-8 after normalisation to NFKC (TS 33.220 B.2.1.2). */
export function kdfString(text: string): Buffer {
  return Buffer.from(text.normalize('NFKC'), 'utf8');
}

function functionCode(fc: number): Buffer {
  if (Number.isInteger(fc) && fc >= 0 && fc < 0xff) return Buffer.of(fc);
  if (Number.isInteger(fc) && fc >= 0xff00 && fc <= 0xffff) return Buffer.of(0xff, fc & 0xff);
  throw new KmcError('OSGATE_KMC_INVALID_ARGUMENT', `FC ${fc} is neither one octet nor FFxx`);
}
