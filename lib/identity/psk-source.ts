import type { Identity } from './identity.ts';

/** What a handshake with a pre-shared key says of itself (RFC 4279). */
export interface PskRequest {
  /** The PSK identity that the client gave. */
  readonly identity: string;
  /** The code of the cipher suite in force, on which GBA keys depend. */
  readonly cipherSuiteCode: number;
}

export interface PskProof {
  /** Secret. */
  readonly key: Buffer;
  /** Who the peer is when it has the key. */
  readonly identity: Identity;
}

/** Where pre-shared keys come from. */
export interface PskSource {
  /** The scheme of its identities. */
  readonly scheme: Identity['scheme'];
  readonly counters: Readonly<Record<string, number>>;
  /** Undefined, at once or later, when there is no such key. Never rejects. */
  lookUp(request: PskRequest): PskProof | undefined | Promise<PskProof | undefined>;
  /** Whether a session that began with this identity may still be resumed. */
  isCurrent(identity: Identity): boolean;
}
