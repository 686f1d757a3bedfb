import { KmcError } from '../errors.ts';
import { kdf } from './kdf.ts';
import type { NafId } from './naf-id.ts';

/** What the keys of one bootstrapping run and one NAF are made from (TS 33.220 B.3). */
export interface NafKeyInput {
  /** 32 octets; secret. */
  readonly ks: Uint8Array;
  /** RAND of the run, 16 octets. */
  readonly rand: Uint8Array;
  /** The real private identity, also when the agent called itself by a TMPI. */
  readonly impi: string;
  readonly nafId: NafId;
}

/** Ks = CK || IK, 32 octets (TS 33.220 B.3). Throws OSGATE_KMC_INVALID_ARGUMENT unless both are 16 octets. */
export function deriveKs(ck: Uint8Array, ik: Uint8Array): Buffer {
  requireOctets('CK', ck, 16);
  requireOctets('IK', ik, 16);
  return Buffer.concat([ck, ik]);
}

/** Ks_NAF of a GBA_ME run, 32 octets (TS 33.220 B.3). Throws OSGATE_KMC_INVALID_ARGUMENT for a Ks or RAND of wrong size. */
export function deriveKsNaf(input: NafKeyInput): Buffer {
  return deriveNafKey('gba-me', input);
}

/** Ks_ext_NAF of a GBA_U run, 32 octets: the same formula as Ks_NAF (TS 33.220 B.3). */
export function deriveKsExtNaf(input: NafKeyInput): Buffer {
  return deriveNafKey('gba-me', input);
}

/** Ks_int_NAF of a GBA_U run, 32 octets: on the agent's side it never leaves the UICC (TS 33.220 B.3). */
export function deriveKsIntNaf(input: NafKeyInput): Buffer {
  return deriveNafKey('gba-u', input);
}

/** A NAF key as the password of HTTP or SIP digest (TS 24.109 5.2): base64 with padding, 44 characters. */
export function nafKeyPassword(ksNaf: Uint8Array): string {
  requireOctets('a NAF key', ksNaf, 32);
  return Buffer.from(ksNaf).toString('base64');
}

/** FC of every derivation in TS 33.220 Annex B. */
const FC_GBA = 0x01;

function deriveNafKey(label: 'gba-me' | 'gba-u', { ks, rand, impi, nafId }: NafKeyInput): Buffer {
  requireOctets('Ks', ks, 32);
  requireOctets('RAND', rand, 16);
  return kdf(ks, FC_GBA, [label, rand, impi, nafId.toBytes()]);
}

function requireOctets(name: string, value: Uint8Array, length: number): void {
  if (value.length !== length) {
    throw new KmcError('OSGATE_KMC_INVALID_ARGUMENT', `${name} has ${value.length} octets, not ${length}`);
  }
}
