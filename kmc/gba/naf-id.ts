import { KmcError } from '../errors.ts';
import { UaSecurityProtocolId } from './ua-security-protocol-id.ts';

/**
 * NAF_Id: the name by which a NAF is known to the agent, and the protocol between them (TS 33.220 B.3).
 *
 * The FQDN keeps the exact octets that the agent used: NAF, agent and key centre must have the same ones.
 */
export class NafId {
  readonly fqdn: string;
  readonly protocol: UaSecurityProtocolId;

  /** Throws OSGATE_KMC_INVALID_ARGUMENT unless the FQDN is a host name of 1 to 253 octets. */
  constructor(fqdn: string, protocol: UaSecurityProtocolId) {
    if (!isHostName(fqdn)) {
      throw new KmcError('OSGATE_KMC_INVALID_ARGUMENT', 'the FQDN of a NAF is a host name of 1 to 253 octets');
    }
    this.fqdn = fqdn;
    this.protocol = protocol;
  }

  /** From FQDN || 5 octets; undefined for what is not a NAF_Id. */
  static fromBytes(octets: Uint8Array): NafId | undefined {
    const split = octets.length - 5;
    if (split < 1) return undefined;
    const protocol = UaSecurityProtocolId.fromBytes(octets.subarray(split));
    // latin1 keeps octets apart that are not ASCII, so that the host name test sees them.
    const fqdn = Buffer.from(octets.subarray(0, split)).toString('latin1');
    return protocol !== undefined && isHostName(fqdn) ? new NafId(fqdn, protocol) : undefined;
  }

  /** FQDN || Ua security protocol identifier, without separator or length. */
  toBytes(): Buffer {
    return Buffer.concat([Buffer.from(this.fqdn, 'ascii'), this.protocol.bytes]);
  }

  equals(other: NafId): boolean {
    return this.fqdn === other.fqdn && this.protocol.equals(other.protocol);
  }

  toString(): string {
    return `${this.fqdn}/${this.protocol.hex}`;
  }
}

/** Letters, digits, `-`, `_` and `.`, or an IP literal: ASCII only, for which NFKC changes nothing. */
function isHostName(text: string): boolean {
  return text.length <= 253 && /^[A-Za-z0-9._:[\]-]+$/.test(text);
}
