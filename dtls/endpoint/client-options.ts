import type { DatagramTransport } from '../transport/datagram-transport.ts';
import type { CommonOptions } from './server-options.ts';

export interface ClientPsk {
  readonly identity: string | Buffer;
  readonly key: Buffer;
  /** When the key ends, in milliseconds since 1970; the association ends with it. */
  readonly expiresAt?: number | undefined;
}

/** Asked once the server has chosen the suite (IANA name) and said its hint; `undefined` gives the handshake up. */
export type ClientPskLookUp = (hint: string | undefined, cipherSuite: string) => Promise<ClientPsk | undefined>;

export interface DtlsConnectOptions extends CommonOptions {
  /** An IPv4 or IPv6 address, or a name that resolves to one. */
  readonly host: string;
  readonly port: number;
  /** The local address to send from. */
  readonly local?: { readonly address?: string | undefined; readonly port?: number | undefined } | undefined;
  readonly psk?: ClientPsk | ClientPskLookUp | undefined;
  /** PEM chain and key, for servers that ask for a certificate. */
  readonly certificate?: string | undefined;
  readonly privateKey?: string | undefined;
  /** What is asked for in server_name and must stand in the certificate; `host` where absent. */
  readonly serverName?: string | undefined;
  /** How the certificate has to name it: as a host (RFC 9525), the default, or as a SIP domain (RFC 5922). */
  readonly serverNaming?: 'host' | 'sip-domain' | undefined;
  /** What `association.session` of an earlier association said. */
  readonly session?: Buffer | undefined;
  /** Asks for a ticket (RFC 5077); true where absent. */
  readonly sessionTickets?: boolean | undefined;
  /** Octets of the identifier that the server shall send to us: 0 (the default) is none; false uses none at all. */
  readonly connectionId?: { readonly length?: number | undefined } | false | undefined;
  /** Asks for small records (RFC 6066 4). */
  readonly maximumFragmentLength?: 512 | 1024 | 2048 | 4096 | undefined;
  /**
   * In place of a dgram socket: opens a transport that gives each datagram that comes to `receive`. `rebind()` opens another.
   */
  readonly transport?:
    ((receive: (datagram: Buffer) => void) => DatagramTransport | Promise<DatagramTransport>) | undefined;
  /** Gives the handshake up, or closes the association. */
  readonly signal?: AbortSignal | undefined;
}
