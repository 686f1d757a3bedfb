import type { Renewal } from '../agent-keyring.ts';

/** What goes into a handshake. */
export interface PskCredentials {
  readonly identity: string;
  /** Secret. */
  readonly key: Buffer;
  /** Milliseconds since 1970-01-01T00:00:00Z; absent for a key without an end. */
  readonly expiresAt?: number;
  /** Of the bootstrapping run that the key is from, if it is from one. */
  readonly btid?: string;
}

/** Where an association has its pre-shared key from. Two adapters: GBA, and a key that an operator handed out. */
export interface AssociationPsk {
  /** How often new keys were made; stays as it is where there are no others. */
  readonly runs: number;
  /**
   * The identity and the key for the suite that the gateway chose.
   *
   * @param hint the gateway's psk_identity_hint
   * @param cipherSuite its IANA number
   * @param renew what was used last is refused
   */
  lookUp(hint: string | undefined, cipherSuite: number, renew?: Renewal): Promise<PskCredentials>;
}
