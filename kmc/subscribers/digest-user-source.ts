import type { UserSecuritySetting } from './user-security-settings.ts';

/** A user of SIP digest without GBA. The password is secret: never log this object. */
export interface DigestUser {
  /** The private identity, or plain user name. */
  readonly impi: string;
  /** The octets that are hashed; UTF-8 where it was typed so. */
  readonly password: Buffer;
  /** With every default filled in (see `effectiveSettings`). */
  readonly securitySettings: readonly UserSecuritySetting[];
}

/**
 * What a gateway asks of a database of digest users.
 *
 * Rejects with a `KmcError` OSGATE_KMC_UNAVAILABLE when it cannot be asked.
 */
export interface DigestUserSource {
  /**
   * The user of that name; undefined for an unknown one, which must take as long as a known one.
   *
   * @param username as it stands in the credentials, one character an octet
   */
  find(username: string): Promise<DigestUser | undefined>;
  close(): Promise<void>;
}
