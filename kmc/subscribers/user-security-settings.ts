/** TS 29.109 Annex A `bsfInfo`: what the BSF keeps to itself. */
export interface BsfInfo {
  readonly uiccType?: 'GBA' | 'GBA_U';
  /** Key lifetime in seconds; the BSF's own default where absent. */
  readonly lifeTime?: number;
}

/** TS 29.109 Annex A `uss`: what one service (GSID) may know and do for a subscriber. */
export interface UserSecuritySetting {
  /** GAA service identifier. */
  readonly gsid: number;
  /** Service type code; equal to the GSID for 3GPP services. */
  readonly type: number;
  /** NAFs that share this setting; every NAF where absent. */
  readonly nafGroup?: string;
  /** Public identities (IMPUs) that the subscriber may use with this service. */
  readonly uids: readonly string[];
  readonly flags: readonly number[];
  readonly keyChoice?: 'ME_BASED_KEY' | 'UICC_BASED_KEY' | 'ME_UICC_BASED_KEYS';
}

/** TS 29.109 Annex A `guss`: the whole of a subscriber's GBA user security settings. */
export interface UserSecuritySettings {
  readonly bsfInfo: BsfInfo;
  readonly ussList: readonly UserSecuritySetting[];
}
