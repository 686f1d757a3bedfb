import type { DatagramTransport } from '../transport/datagram-transport.ts';
import type { DtlsLimits } from './limits.ts';
import type { RetransmissionOptions } from './server-options.ts';

export interface ClientPsk {
  readonly identity: string | Buffer;
  readonly key: Buffer;
  /** When the key ends, in milliseconds since 1970; the association ends with it. */
  readonly expiresAt?: number | undefined;
}

/** Asked once the server has chosen the suite (IANA name) and said its hint; `undefined` gives the handshake up. */
export type ClientPskLookUp = (hint: string | undefined, cipherSuite: string) => Promise<ClientPsk | undefined>;

export interface DtlsConnectOptions {
  /** An IPv4 or IPv6 address, or a name that resolves to one. */
  readonly host: string;
  readonly port: number;
  /** The local address to send from. */
  readonly local?: { readonly address?: string; readonly port?: number } | undefined;
  readonly psk?: ClientPsk | ClientPskLookUp | undefined;
  /** PEM chain and key, for servers that ask for a certificate. */
  readonly certificate?: string | undefined;
  readonly privateKey?: string | undefined;
  /** PEM: the anchors to which the server's chain must lead. */
  readonly authorities?: string | undefined;
  /** What is asked for in server_name and must stand in the certificate; `host` where absent, unless that is an address. */
  readonly serverName?: string | undefined;
  /** What `association.session` of an earlier association said. */
  readonly session?: Buffer | undefined;
  /** The octets of the connection id that the client wants to receive; 0 (the default) only sends to one; false uses none. */
  readonly connectionId?: { readonly length?: number } | false | undefined;
  /** Answers and asks return routability checks (RFC 9853); false where absent. */
  readonly returnRoutabilityCheck?: boolean | undefined;
  readonly cipherSuites?: readonly string[] | undefined;
  readonly groups?: readonly string[] | undefined;
  readonly signatureSchemes?: readonly string[] | undefined;
  readonly retransmission?: RetransmissionOptions | undefined;
  readonly mtu?: number | undefined;
  /** 0 is never, which is the default. */
  readonly idleTimeoutMilliseconds?: number | undefined;
  /** 30,000 where absent. */
  readonly handshakeTimeoutMilliseconds?: number | undefined;
  readonly limits?: Pick<Partial<DtlsLimits>, 'handshakeBytes' | 'handshakeMessageBytes'> | undefined;
  /**
   * In place of a dgram socket: opens a transport that gives each datagram that comes to `receive`. `rebind()` opens another.
   */
  readonly transport?:
    ((receive: (datagram: Buffer) => void) => DatagramTransport | Promise<DatagramTransport>) | undefined;
  readonly keyLog?: ((line: string) => void) | undefined;
  /** Gives the handshake up, or closes the association. */
  readonly signal?: AbortSignal | undefined;
}
