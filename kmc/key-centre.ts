import type { NafId } from './gba/naf-id.ts';
import type { PushInfo, PushInfoRequest } from './push-info/push-info.ts';
import type { UserSecuritySetting } from './subscribers/user-security-settings.ts';

/** What a gateway (NAF) asks about a bootstrapped agent (TS 29.109 BIR, TS 29.309 bootstrapping-info-retrieval). */
export interface BootstrappingInfoRequest {
  readonly btid: string;
  readonly nafId: NafId;
  /** GAA service identifiers whose user security settings the NAF wants; 0 is the unspecific service. */
  readonly gsids: readonly number[];
  /** True when the NAF can handle Ks_int_NAF; default false. */
  readonly gbaUAware?: boolean;
}

/** What the key centre answers. The keys are secret: never log this object. */
export interface BootstrappingInfo {
  readonly keys: {
    /** Ks_NAF or Ks_ext_NAF, 32 octets. */
    readonly meKeyMaterial: Buffer;
    /** Ks_int_NAF, 32 octets, for a GBA_U run and an aware NAF. */
    readonly uiccKeyMaterial?: Buffer;
  };
  /** Present when the NAF may learn the private identity. */
  readonly impi?: string;
  /** When the keys end, in milliseconds since 1970-01-01T00:00:00Z. */
  readonly expiresAt: number;
  /** When the agent bootstrapped, same unit. */
  readonly createdAt: number;
  /** Only those that match the request's GSIDs and the NAF's rights. */
  readonly securitySettings: readonly UserSecuritySetting[];
}

/**
 * The KMC-IF of OMA SEC_CF (3GPP Zn): what a gateway asks of a key centre.
 *
 * Every method rejects with a `KmcError`: OSGATE_KMC_NOT_AUTHORISED, OSGATE_KMC_OVERLOADED or OSGATE_KMC_UNAVAILABLE, and each
 * with those that it names.
 */
export interface KeyCentre {
  /** Rejects with OSGATE_KMC_TRANSACTION_IDENTIFIER_INVALID for a B-TID that is unknown or expired. */
  bootstrappingInfo(request: BootstrappingInfoRequest): Promise<BootstrappingInfo>;
  /** Rejects with OSGATE_KMC_IDENTITY_UNKNOWN, or OSGATE_KMC_SYNCHRONISATION_FAILURE for an AUTS that does not verify. */
  pushInfo(request: PushInfoRequest): Promise<PushInfo>;
  close(): Promise<void>;
}
