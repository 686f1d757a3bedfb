import { deriveKsNaf } from './naf-keys.ts';
import { NafId } from './naf-id.ts';
import { UaSecurityProtocolId } from './ua-security-protocol-id.ts';

export interface TmpiInput {
  /** 32 octets; secret. */
  readonly ks: Uint8Array;
  /** RAND of the run, 16 octets. */
  readonly rand: Uint8Array;
  readonly impi: string;
  /** The key centre's domain as it stands in the B-TID. */
  readonly domain: string;
}

/**
 * The temporary private identity of the next bootstrapping run (TS 33.220 B.4):
 * base64 of the first 24 octets of the Ks_NAF formula, `@tmpi.bsf.3gppnetwork.org`.
 *
 * Throws OSGATE_KMC_INVALID_ARGUMENT for a Ks, a RAND or a domain of the wrong form.
 */
export function deriveTmpi({ ks, rand, impi, domain }: TmpiInput): string {
  const key = deriveKsNaf({ ks, rand, impi, nafId: new NafId(domain, UaSecurityProtocolId.TMPI) });
  return key.toString('base64', 0, 24) + TMPI_SUFFIX;
}

/** True for what has the form of a TMPI. */
export function isTmpi(identity: string): boolean {
  return identity.length === 32 + TMPI_SUFFIX.length && identity.endsWith(TMPI_SUFFIX);
}

const TMPI_SUFFIX = '@tmpi.bsf.3gppnetwork.org';
