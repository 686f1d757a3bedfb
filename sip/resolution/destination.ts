import { DTLS_VIA_TRANSPORT, type TransportProtocol } from '../transport/index.ts';

/** A protocol to send SIP by, spelt as in Via. */
export type SipProtocol = TransportProtocol | 'TLS';

/** One place to send a request to, with nothing left to look up. */
export interface Destination {
  /** An IPv4 or IPv6 literal without brackets. */
  readonly address: string;
  readonly port: number;
  readonly protocol: SipProtocol;
}

/** The port where neither the URI nor an SRV record names one (RFC 3261 19.1.2); for DTLS that of draft-jennings-sip-dtls. */
export function defaultPort(protocol: SipProtocol): number {
  return protocol === 'TLS' || protocol === DTLS_VIA_TRANSPORT ? 5061 : 5060;
}
