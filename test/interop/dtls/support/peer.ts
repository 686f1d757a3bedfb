/** A pre-shared key as both ends know it. */
export interface PresharedKey {
  readonly identity: string;
  readonly key: Buffer;
}

/** Files in PEM, as most peers want them. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly privateKey: string;
}

/** What both ends of a session are told. */
export interface SessionOptions {
  /** IANA name; the only one that is offered, or taken. */
  readonly suite: string;
  readonly psk?: PresharedKey | undefined;
  /** A server's own certificate, or the client's. */
  readonly certificate?: CertificateFiles | undefined;
  /** A file with the anchors to which the other's chain must lead. */
  readonly authorities?: string | undefined;
  /** Octets of a datagram, without the headers of IP and UDP. */
  readonly mtu?: number | undefined;
  /** The first retransmission, in milliseconds, where the peer lets that be set. */
  readonly timer?: number | undefined;
  /** Off for a peer from before RFC 7627. */
  readonly extendedMasterSecret?: boolean | undefined;
  /** Group names of osgate (`x25519`, `secp256r1`, `secp384r1`), where the peer lets that be set. */
  readonly group?: string | undefined;
  /** False keeps the peer from tickets, so that sessions are resumed by id. */
  readonly tickets?: boolean | undefined;
}

export interface ServerOptions extends SessionOptions {
  readonly pskHint?: string | undefined;
  readonly requireClientCertificate?: boolean | undefined;
  /** Another certificate for those who ask for this name. */
  readonly named?: (CertificateFiles & { readonly serverName: string }) | undefined;
}

export interface ClientOptions extends SessionOptions {
  readonly port: number;
  readonly serverName?: string | undefined;
  /** Where the session is kept: resumed from there if the file exists, and written there in the end. */
  readonly sessionFile?: string | undefined;
}

/** What one end says of a session; undefined where it does not tell. */
export interface SessionFacts {
  /** IANA name. */
  readonly suite?: string | undefined;
  readonly resumed?: boolean | undefined;
  readonly extendedMasterSecret?: boolean | undefined;
  /** The common name in the certificate of the other end. */
  readonly peerName?: string | undefined;
  /** Server: the PSK identity of the client. */
  readonly pskIdentity?: string | undefined;
  /** Server: the name that the client asked for. */
  readonly serverName?: string | undefined;
}

export interface PeerClient {
  readonly facts: SessionFacts;
  /** Lines that came, in order, duplicates too. */
  readonly received: readonly string[];
  send(line: string): void;
  /** Says goodbye; whether the session ended as it should. */
  close(): Promise<boolean>;
  /** At once, whatever is under way. */
  kill(): Promise<void>;
  /** What it wrote, for error messages. */
  readonly output: string;
}

/** An echo server: whatever comes goes back. */
export interface PeerServer {
  readonly port: number;
  /** What is known of the session with this number, from 0; waits for it. */
  facts(session?: number): Promise<SessionFacts>;
  /** Resolves when the server has seen the end of that session, with whether it was a good one; undefined where it does not tell. */
  ended(session?: number): Promise<boolean | undefined>;
  stop(): Promise<void>;
  readonly output: string;
}

/** An implementation of DTLS 1.2 that the tests talk to. */
export interface DtlsPeer {
  readonly name: string;
  /** Its client sometimes ends without close_notify. */
  readonly forgetsGoodbye?: true;
  /** Suites that it cannot do, by IANA name or key exchange, and why. */
  lacks(suite: string, role: 'client' | 'server'): string | undefined;
  startServer?(options: ServerOptions): Promise<PeerServer>;
  connect?(options: ClientOptions): Promise<PeerClient>;
}
