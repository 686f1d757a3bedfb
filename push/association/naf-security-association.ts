import type { GbaMode } from '../../kmc/index.ts';

/** What gateway and agent share after a GPI was accepted (TS 33.223 3.1: NAF SA). Secret: never log this object. */
export interface NafSecurityAssociation {
  /** P-TID: its name in the gateway. */
  readonly ptid: string;
  /** RAND of the AKA run, 16 octets; with the FQDN its name in the agent. */
  readonly rand: Buffer;
  /** The NAF_Id: FQDN of the gateway and Ua security protocol identifier. */
  readonly nafId: { readonly fqdn: string; readonly protocol: string };
  readonly mode: GbaMode;
  /** Ks_NAF or Ks_ext_NAF, 32 octets: the one NAF key of the run. */
  readonly nafKey: Buffer;
  readonly createdAt: number;
  readonly expiresAt: number;
  /** The number that the next message of the push layer gets which this side sends. */
  readonly nextToSend: number;
  /** SN_h: the highest number that this side has opened. */
  readonly highestReceived: number;
}
