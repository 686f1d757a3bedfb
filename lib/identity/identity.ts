import type { UserSecuritySetting } from '../../kmc/subscribers/index.ts';

/** Who a peer proved to be, and how. */
export interface Identity {
  /** The authenticator that proved it; `none` where the method is excused from proof, and the peer is not trusted. */
  readonly scheme:
    'gba-digest' | 'digest' | 'push-digest' | 'gba-psk' | 'psk' | 'push-psk' | 'certificate' | 'trusted' | 'none';
  /** What the peer called itself: a B-TID, a P-TID, a user name, a PSK identity, a name in its certificate, or an address for a trusted or an unproven peer. Never a secret. */
  readonly subject: string;
  /** The digest algorithm that the proof was computed with, where there is one. */
  readonly algorithm?: string;
  /** The private identity, where the key centre lets us know it. */
  readonly impi?: string;
  /** Public identities the peer may assert, the default one first; a trusted peer may assert any, and has none listed. */
  readonly impus: readonly string[];
  /** What the services that the listener asks for (its GSIDs) may know and do for the peer; absent where nothing was proved. */
  readonly securitySettings?: readonly SecuritySetting[];
  /** When the proof ends, in milliseconds since 1970-01-01T00:00:00Z. */
  readonly expiresAt?: number;
}

/** The part of a user security setting that the policy judges by (TS 29.109 Annex A). */
export type SecuritySetting = Pick<UserSecuritySetting, 'gsid' | 'flags' | 'uids'>;
