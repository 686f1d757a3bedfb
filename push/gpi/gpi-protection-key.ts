import { deriveKsNaf, NafId, UaSecurityProtocolId, type NafKeyInput } from '../../kmc/index.ts';

/**
 * The Ua security protocol identifier under which the key that protects a GPI is derived: one that OMNA never registers
 * (03 FF), so that no NAF can ask a key centre for it. Unconfirmed: TS 33.223 was not at hand.
 */
const GPI_PROTECTION = new UaSecurityProtocolId(0x03, 0xff475049);

/**
 * The key that protects a GPI, 32 octets: the NAF key of the same AKA run (TS 33.220 B.3) for the NAF's FQDN and an identifier
 * of its own. An ME can have it made in GBA_ME and in GBA_U, and the gateway never sees it.
 *
 * @throws KmcError OSGATE_KMC_INVALID_ARGUMENT for a Ks or RAND of wrong size
 */
export function gpiProtectionKey({ ks, rand, impi, nafId }: NafKeyInput): Buffer {
  return deriveKsNaf({ ks, rand, impi, nafId: new NafId(nafId.fqdn, GPI_PROTECTION) });
}
