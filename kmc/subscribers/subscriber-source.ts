import type { UserSecuritySettings } from './user-security-settings.ts';

/** An AKA authentication vector (TS 33.102 6.3.2). Secret but for RAND and AUTN. */
export interface AuthenticationVector {
  /** 16 octets. */
  readonly rand: Buffer;
  /** 16 octets: (SQN xor AK) || AMF || MAC-A. */
  readonly autn: Buffer;
  /** 4 to 16 octets; 8 with Milenage. */
  readonly xres: Buffer;
  /** 16 octets. */
  readonly ck: Buffer;
  /** 16 octets. */
  readonly ik: Buffer;
}

/** What an agent's USIM returned when it refused an SQN (TS 33.102 6.3.3). */
export interface Resynchronisation {
  /** RAND of the refused challenge, 16 octets. */
  readonly rand: Buffer;
  /** 14 octets: (SQN_MS xor AK*) || MAC-S. */
  readonly auts: Buffer;
}

export interface SubscriberAuthentication {
  readonly vector: AuthenticationVector;
  readonly impi: string;
  readonly settings: UserSecuritySettings;
}

/**
 * What a key centre asks of a subscriber database (3GPP Zh).
 *
 * Rejects with a `KmcError`: OSGATE_KMC_IDENTITY_UNKNOWN, OSGATE_KMC_SYNCHRONISATION_FAILURE, OSGATE_KMC_UNAVAILABLE.
 * The SQN of a vector is on disk before the vector is returned.
 */
export interface SubscriberSource {
  authenticationVector(impi: string, resynchronisation?: Resynchronisation): Promise<SubscriberAuthentication>;
  /** The IMPI of the one subscriber with a card who has that public identity; OSGATE_KMC_IDENTITY_UNKNOWN where several share it. */
  privateIdentity(impu: string): Promise<string>;
  close(): Promise<void>;
}
