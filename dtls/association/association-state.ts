/**
 * An established association as a plain object, for MessagePack. It holds keys: seal it before it leaves the process. The
 * address of the peer is the shell's to add.
 */
export interface AssociationState {
  readonly version: 1;
  readonly role: 'server' | 'client';
  /** Code point of the cipher suite. */
  readonly cipherSuite: number;
  /** Write keys of both directions, as the key block has them. They and `secrets` are zeros once the association has ended. */
  readonly keys: Buffer;
  /** Master secret (48 octets), client random (32), server random (32): what exporters need. */
  readonly secrets: Buffer;
  readonly encryptThenMac: boolean;
  readonly extendedMasterSecret: boolean;
  readonly resumed: boolean;
  /** The connection identifier that we gave to the peer; empty when it sends none. */
  readonly localCid: Buffer;
  /** The connection identifier that the peer wants; empty when we send none. */
  readonly peerCid: Buffer;
  readonly returnRoutability: boolean;
  /** Next sequence number that we write in epoch 1. */
  readonly writeSequence: number;
  /** The replay window of epoch 1: newest sequence number, and the 32 bits below it twice. */
  readonly replayWindow: readonly number[];
  /** Records protected and records refused so far, towards the usage limits. */
  readonly usage: readonly number[];
  /** Octets of plaintext that a record to the peer may carry. */
  readonly maximumSend: number;
  /** Octets of plaintext that we have allowed the peer. */
  readonly maximumReceive: number;
  readonly pskIdentity?: Buffer;
  /** What the PSK look-up attached; must be something that MessagePack can carry. */
  readonly pskData?: unknown;
  /** Milliseconds since 1970. */
  readonly expiresAt?: number;
  readonly serverName?: string;
  /** DER, the peer's own certificate first. */
  readonly peerCertificates?: readonly Buffer[];
}
