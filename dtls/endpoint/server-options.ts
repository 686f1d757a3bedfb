import type { Peer } from '../transport/peer.ts';
import type { DtlsLimits } from './limits.ts';

/** What a PSK look-up is told of the handshake that waits for it. */
export interface ServerPskRequest {
  /** The identity that the client gave, as UTF-8; what is no UTF-8 is replaced. */
  readonly identity: string;
  readonly identityBytes: Buffer;
  /** The hint that the server sent. */
  readonly hint: string | undefined;
  /** IANA name of the negotiated suite, on which GBA keys depend. */
  readonly cipherSuite: string;
  readonly cipherSuiteCode: number;
  /** What the client said in server_name (RFC 6066). */
  readonly serverName?: string | undefined;
  readonly remote: Peer;
}

export interface ServerPskAnswer {
  readonly key: Buffer;
  /** When the key ends, in milliseconds since 1970. The association and whatever resumes it end with it. */
  readonly expiresAt?: number | undefined;
  /** Given to the application as `association.pskData`. Tickets and exports carry it in MessagePack: plain values, arrays, objects. */
  readonly data?: unknown;
}

/** Pre-shared keys of a server (RFC 4279, RFC 5489). */
export interface ServerPskOptions {
  readonly hint?: string | undefined;
  /** `undefined` for an unknown identity: the handshake then fails as it does with a wrong key, in the same time. */
  lookUp(request: ServerPskRequest): Promise<ServerPskAnswer | undefined>;
}

/** A certificate chain with its key. The first whose name fits what the client asked for is used; else the first of all. */
export interface CertificateCredentials {
  /** PEM, the leaf first. */
  readonly certificate: string;
  /** PEM. */
  readonly privateKey: string;
  /** Names for which it is chosen; those of the certificate where absent. */
  readonly serverNames?: readonly string[] | undefined;
}

export interface ConnectionIdOptions {
  /** Octets of each connection identifier that is given out: 4 to 20, 8 where absent. */
  readonly length?: number | undefined;
  /** The number of this worker, 0 to 255, which its connection identifiers carry. */
  readonly worker?: number | undefined;
  /** 16 octets that all workers share, with which the number is hidden in them; known to everybody where absent. */
  readonly key?: Buffer | undefined;
}

export interface RetransmissionOptions {
  /** How long the first wait is; 1000 where absent (RFC 6347 4.2.4.1). */
  readonly initialMilliseconds?: number | undefined;
  /** The wait doubles up to this; 60,000 where absent. */
  readonly maximumMilliseconds?: number | undefined;
}

/** What servers and clients have in common. */
export interface CommonOptions {
  /** IANA names, the most wanted first. At a server its order decides. */
  readonly cipherSuites?: readonly string[] | undefined;
  /** `x25519`, `secp256r1`, `secp384r1`, the most wanted first. */
  readonly groups?: readonly string[] | undefined;
  /** `ecdsa_secp256r1_sha256` and so on, the most wanted first. */
  readonly signatureSchemes?: readonly string[] | undefined;
  /** Refuses peers without the extended master secret (RFC 7627); false where absent. */
  readonly requireExtendedMasterSecret?: boolean | undefined;
  /** Asks a peer at a new address to prove it before anything else is sent there (RFC 9853); false where absent. */
  readonly returnRoutabilityCheck?: boolean | undefined;
  /** Octets of plaintext that a record to us may have (RFC 8449), 64 to 16,384; nothing is said where absent. */
  readonly recordSizeLimit?: number | undefined;
  readonly retransmission?: RetransmissionOptions | undefined;
  /** Octets of a datagram that reaches every peer, without the headers of IP and UDP; 1200 where absent. */
  readonly mtu?: number | undefined;
  /** An association from which nothing comes for so long ends with 'idle'; 0 is never, an hour where absent. */
  readonly idleTimeoutMilliseconds?: number | undefined;
  /** 30,000 where absent. */
  readonly handshakeTimeoutMilliseconds?: number | undefined;
  /** PEM: the anchors to which chains of peers must lead. */
  readonly authorities?: string | undefined;
  /** Bits that RSA keys must have, our own and those of peers; 2048 where absent. */
  readonly minimumRsaBits?: number | undefined;
  readonly limits?: Partial<DtlsLimits> | undefined;
  /** Receives each line of a key log in the form of SSLKEYLOGFILE. Whoever has them can read everything. */
  readonly keyLog?: ((line: string) => void) | undefined;
}

export interface SessionTicketOptions {
  /** How long a ticket is good, at most 7 days; an hour where absent. */
  readonly lifetimeSeconds?: number | undefined;
  /** How long one key seals tickets; an hour where absent. */
  readonly rotationSeconds?: number | undefined;
  /** 32 octets or more that all processes share whose tickets should be good at each other; random where absent. */
  readonly secret?: Buffer | undefined;
}

export interface DtlsServerOptions extends CommonOptions {
  readonly psk?: ServerPskOptions | undefined;
  readonly certificates?: readonly CertificateCredentials[] | undefined;
  /** 'none' where absent; anything else needs `authorities`. */
  readonly clientCertificates?: 'none' | 'request' | 'require' | undefined;
  /** Connection identifiers (RFC 9146); given out unless false. */
  readonly connectionId?: ConnectionIdOptions | false | undefined;
  /** Tickets (RFC 5077), sealed under keys that rotate; given out unless false. */
  readonly sessionTickets?: SessionTicketOptions | false | undefined;
  /** Sessions that are resumed by their identifier: 10,000 of them, for an hour, where absent. */
  readonly sessionCache?:
    { readonly maximum?: number | undefined; readonly lifetimeSeconds?: number | undefined } | false | undefined;
  /** How long a cookie secret is used before a new one is made; the one before is accepted as long. 60,000 where absent. */
  readonly cookieRotationMilliseconds?: number | undefined;
  /**
   * Protects records by functions of the OpenSSL that Node runs on, called without node:crypto, which takes a fifth of the time. On
   * Linux with the optional package koffi; elsewhere node:crypto does it. True where absent.
   */
  readonly callsOpenssl?: boolean | undefined;
  /** A datagram came whose connection identifier belongs to another worker. */
  readonly onForeignConnectionId?: ((worker: number, datagram: Buffer, peer: Peer) => void) | undefined;
  /** Closes the server. */
  readonly signal?: AbortSignal | undefined;
}

export interface ListenOptions {
  /** An IPv4 or IPv6 address, or a name that resolves to one. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Lets several processes bind the same port; the kernel shares datagrams out by flow. */
  readonly reusePort?: boolean | undefined;
  /** A socket that is bound already, inherited from another process, in place of a new one. */
  readonly fd?: number | undefined;
  /** SO_RCVBUF and SO_SNDBUF in octets. */
  readonly receiveBufferBytes?: number | undefined;
  readonly sendBufferBytes?: number | undefined;
  /**
   * Several datagrams with one system call, on Linux with the optional package koffi. True where absent. `gatherMicroseconds` is how
   * long datagrams may gather where they come densely, in which time the whole process stands still; 0 where absent.
   */
  readonly batches?: boolean | { readonly gatherMicroseconds: number } | undefined;
}
