import { KmcError } from '../errors.ts';

/** A B-TID in its parts. */
export interface Btid {
  /** What stands before the `@`; opaque to agent and NAF. */
  readonly reference: string;
  /** The key centre's domain, by which a NAF finds it; it need not be the digest realm. */
  readonly domain: string;
  /** RAND of the run, 16 octets, where the reference is one in base64. */
  readonly rand?: Buffer;
}

/**
 * B-TID = base64(RAND) `@` domain of the key centre (TS 33.220 4.5.2).
 *
 * Throws OSGATE_KMC_INVALID_ARGUMENT unless RAND has 16 octets and the domain is there.
 */
export function formatBtid(rand: Uint8Array, domain: string): string {
  if (rand.length !== 16 || domain === '' || /[@\s]/.test(domain)) {
    throw new KmcError('OSGATE_KMC_INVALID_ARGUMENT', 'a B-TID is made of a RAND of 16 octets and a domain');
  }
  return `${Buffer.from(rand).toString('base64')}@${domain}`;
}

/** The parts of a B-TID, also of one whose reference is no RAND; undefined for what is no B-TID at all. */
export function parseBtid(btid: string): Btid | undefined {
  const at = btid.lastIndexOf('@');
  const reference = btid.slice(0, at);
  const domain = btid.slice(at + 1);
  if (at < 1 || !/^[!-~]{1,255}$/.test(reference) || !/^[A-Za-z0-9._:[\]-]{1,253}$/.test(domain)) return undefined;
  const rand = Buffer.from(reference, 'base64');
  // Only the one canonical spelling is a RAND: two spellings of one key would be two cache entries.
  return rand.length === 16 && rand.toString('base64') === reference
    ? { reference, domain, rand }
    : { reference, domain };
}
