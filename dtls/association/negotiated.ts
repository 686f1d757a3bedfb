import type { AssociationSecrets } from '../suites/association-secrets.ts';
import type { CipherSuite } from '../suites/cipher-suite.ts';

/** What a handshake agreed on, and who the peer is: all that an association keeps of it. */
export interface Negotiated {
  readonly suite: CipherSuite;
  readonly secrets: AssociationSecrets;
  readonly extendedMasterSecret: boolean;
  readonly encryptThenMac: boolean;
  readonly resumed: boolean;
  readonly returnRoutability: boolean;
  /** Octets of plaintext that a record to the peer may carry. */
  readonly maximumSend: number;
  /** Octets of plaintext that the peer may put into a record, as we have asked it to (RFC 8449, RFC 6066 4). */
  readonly maximumReceive: number;
  readonly serverName: string | undefined;
  /** One character an octet, which takes a third of what a Buffer takes. */
  readonly pskIdentity: string | undefined;
  readonly pskData: unknown;
  /** DER, the peer's own first. */
  readonly peerCertificates: readonly Buffer[] | undefined;
  /** What names the session to the server. A server has it only with a cache, to forget the session by. */
  readonly sessionId: Buffer | undefined;
  readonly ticket: Buffer | undefined;
  /** Milliseconds since 1970. */
  readonly sessionExpiresAt: number | undefined;
}
