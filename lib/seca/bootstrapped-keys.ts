import { deriveKsNaf, nafKeyPassword, type NafId } from '../../kmc/gba/index.ts';

/** What a bootstrapping run left the agent with (TS 33.220 4.5.2). Secret but for the B-TID. */
export interface BootstrappedKeys {
  readonly impi: string;
  readonly btid: string;
  /** CK || IK, 32 octets. */
  readonly ks: Buffer;
  /** 16 octets. */
  readonly rand: Buffer;
  /** Milliseconds since 1970-01-01T00:00:00Z, on the agent's clock. */
  readonly expiresAt: number;
}

/** Ks_NAF for one NAF, 32 octets (TS 33.220 B.3). */
export function nafKey(keys: BootstrappedKeys, nafId: NafId): Buffer {
  return deriveKsNaf({ ks: keys.ks, rand: keys.rand, impi: keys.impi, nafId });
}

/** The digest password for one NAF: base64 of Ks_NAF, 44 characters. */
export function nafPassword(keys: BootstrappedKeys, nafId: NafId): string {
  return nafKeyPassword(nafKey(keys, nafId));
}
