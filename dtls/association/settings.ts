import type { KeyObject } from 'node:crypto';

import type { MemoryBudget } from '../handshake/memory-budget.ts';
import type { UsageLimits } from '../record/usage-limits.ts';
import type { SessionCache } from '../session/session-cache.ts';
import type { TicketKeys } from '../session/ticket-keys.ts';
import type { CipherSuite } from '../suites/cipher-suite.ts';
import type { AssociationLimits } from './limits.ts';

/** What servers and clients have in common. One frozen object for an endpoint, shared by its associations. */
export interface CommonSettings {
  /** In order of preference; the server's order decides. */
  readonly cipherSuites: readonly CipherSuite[];
  /** Code points of groups (RFC 8422), in order of preference. */
  readonly groups: readonly number[];
  /** Code points of signature schemes, in order of preference: what we sign with, and accept. */
  readonly signatureSchemes: readonly number[];
  readonly limits: AssociationLimits;
  /** Memory that all handshakes together may hold for messages that are not whole yet. */
  readonly halfOpenMemory: MemoryBudget;
  /** Refuse peers without the extended master secret (RFC 7627). */
  readonly requireExtendedMasterSecret: boolean;
  /** Offer and answer connection identifiers (RFC 9146). */
  readonly connectionId: boolean;
  /** Offer and answer the return routability check (RFC 9853), which needs connection identifiers. */
  readonly returnRoutability: boolean;
  /** Plaintext octets that we accept in a record, told to the peer by record_size_limit when given (RFC 8449), 64 to 16384. */
  readonly recordSizeLimit?: number;
  /** Those of the cipher where absent. */
  readonly usageLimits?: UsageLimits;
}

/** What a PSK look-up is told. */
export interface PskRequest {
  /** The identity as UTF-8 text; `identityBytes` has the octets. */
  readonly identity: string;
  readonly identityBytes: Buffer;
  readonly hint: string | undefined;
  readonly cipherSuite: CipherSuite;
  readonly serverName: string | undefined;
  /** The shell's address object of the peer. */
  readonly peer: unknown;
}

export interface PskAnswer {
  readonly key: Buffer;
  /** Milliseconds since 1970 at which the association, and every session made of it, ends; a key that has ended is unknown. */
  readonly expiresAt?: number;
  /** For the application; becomes association.pskData. */
  readonly data?: unknown;
}

/** A certificate chain with its key. */
export interface Credentials {
  /** DER, our own certificate first. */
  readonly certificates: readonly Buffer[];
  readonly privateKey: KeyObject;
  /** Signature schemes that the key can make, in order of preference. */
  readonly schemes: readonly number[];
}

/** Certificates of a peer in, an alert number out, or undefined when they are good. */
export type VerifyCertificates = (
  certificates: readonly Buffer[],
  serverName: string | undefined,
) => number | undefined;

export interface ServerSettings extends CommonSettings {
  readonly psk?: {
    readonly hint?: string;
    /** May answer at once or later; a rejected promise is an unknown identity. */
    readonly lookUp: (request: PskRequest) => PskAnswer | undefined | Promise<PskAnswer | undefined>;
    /** The handshake has ended before its look-up has: nobody waits for the answer any more. */
    readonly giveUp?: (request: PskRequest) => void;
  };
  /** Credentials to offer for a server name, in order of preference; the first that fits suite and schemes is taken. */
  readonly credentials?: (serverName: string | undefined) => readonly Credentials[];
  readonly clientCertificates: 'none' | 'request' | 'require';
  /** Distinguished names (DER) for the CertificateRequest. */
  readonly authorities?: readonly Buffer[];
  /** Needed when clientCertificates is not none. */
  readonly verifyClient?: VerifyCertificates;
  readonly sessionCache?: SessionCache;
  readonly ticketKeys?: TicketKeys;
}

export interface ClientSettings extends CommonSettings {
  readonly psk?: (request: {
    readonly hint: string | undefined;
    readonly cipherSuite: CipherSuite;
  }) => ClientPsk | undefined | Promise<ClientPsk | undefined>;
  /** Sent in server_name when it is a host name. */
  readonly serverName?: string;
  readonly verifyServer?: VerifyCertificates;
  readonly credentials?: Credentials;
  /** What association.session of an earlier association gave. */
  readonly session?: Buffer;
  /** Offer encrypt_then_mac and legacy suites only when there are such in cipherSuites. Ask for RFC 5077 tickets. */
  readonly sessionTickets: boolean;
  /** Ask for small records with max_fragment_length (RFC 6066 4): 512, 1024, 2048 or 4096. */
  readonly maximumFragmentLength?: 512 | 1024 | 2048 | 4096;
}

export interface ClientPsk {
  readonly identity: Buffer;
  readonly key: Buffer;
  readonly expiresAt?: number;
}
