import type { AssociationLimits } from '../association/limits.ts';
import { DEFAULT_KEY_RING_SIZE } from '../record/key-ring.ts';

/** Every bound of an endpoint. At a bound the new is refused and counted; what is there goes on. */
export interface DtlsLimits {
  /** Associations, with the handshakes that run. */
  readonly associations: number;
  /** Handshakes whose peer has proven its address but not yet finished. */
  readonly halfOpen: number;
  /** Of those, how many may come from one address. */
  readonly halfOpenPerAddress: number;
  /** Octets that all handshakes together may keep of messages that are not whole yet. */
  readonly halfOpenBytes: number;
  /** Octets of a ClientHello that is looked at before its sender has proven its address. */
  readonly clientHelloBytes: number;
  /** HelloVerifyRequests a second, to everybody together. */
  readonly helloVerifyRequestsPerSecond: number;
  /** 'failure' events a second; those beyond are only counted. */
  readonly failureEventsPerSecond: number;
  /** PSK look-ups that may be under way at once. */
  readonly pskLookUps: number;
  /** Octets of one handshake message, certificate chains above all. */
  readonly handshakeMessageBytes: number;
  /** Fragments of one handshake message. */
  readonly fragmentsPerMessage: number;
  /** Handshake messages beyond the next expected one that are kept. */
  readonly futureMessages: number;
  /** Records that come before their keys and are kept for them. */
  readonly earlyRecords: number;
  /** Handshake records that do not authenticate before the handshake is given up. */
  readonly badHandshakeRecords: number;
  /** Certificates of a peer's chain. */
  readonly certificates: number;
  /**
   * Associations that hold KeyObjects for their records, half a kilobyte each; the others make theirs anew for every burst. AEAD needs
   * none where OpenSSL is called.
   */
  readonly recordKeys: number;
  /** Octets to an address to which a peer has moved and that is not proven yet; three times what came from there, where that is more. */
  readonly unprovenAddressBytes: number;
  /** Answers to one flight of the peer that it repeats. */
  readonly duplicateAnswers: number;
}

export const DEFAULT_LIMITS: DtlsLimits = {
  associations: 100_000,
  halfOpen: 10_000,
  halfOpenPerAddress: 256,
  halfOpenBytes: 64 * 1024 * 1024,
  clientHelloBytes: 4096,
  helloVerifyRequestsPerSecond: 50_000,
  failureEventsPerSecond: 100,
  pskLookUps: 10_000,
  handshakeMessageBytes: 32_768,
  fragmentsPerMessage: 256,
  futureMessages: 10,
  earlyRecords: 4,
  badHandshakeRecords: 2,
  certificates: 10,
  recordKeys: DEFAULT_KEY_RING_SIZE,
  unprovenAddressBytes: 4096,
  duplicateAnswers: 8,
};

/** The bounds of a user as the associations name them. */
export function associationLimitsOf(limits: DtlsLimits): Partial<AssociationLimits> {
  return {
    maximumMessage: limits.handshakeMessageBytes,
    maximumFragments: limits.fragmentsPerMessage,
    maximumFutureMessages: limits.futureMessages,
    maximumEarlyRecords: limits.earlyRecords,
    maximumBadHandshakeRecords: limits.badHandshakeRecords,
    maximumCertificates: limits.certificates,
    unprovenAddressAllowance: limits.unprovenAddressBytes,
    maximumDuplicateAnswers: limits.duplicateAnswers,
  };
}
