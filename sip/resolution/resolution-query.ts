import { isIP } from 'node:net';

import { DTLS_VIA_TRANSPORT } from '../transport/index.ts';
import type { SipUri } from '../message/index.ts';
import { defaultPort, type Destination, type SipProtocol } from './destination.ts';
import { reachBit, type Reach } from './reach.ts';

const DTLS_URI_TRANSPORT = DTLS_VIA_TRANSPORT.toLowerCase();

/** What RFC 3263 needs to know of a URI; made once for a URI that is used often. */
export interface ResolutionQuery {
  /** Lower-case; IPv6 without brackets. */
  readonly host: string;
  readonly port: number | undefined;
  /** What the transport parameter, or sips, asks for; undefined where the DNS may choose. */
  readonly protocol: SipProtocol | undefined;
  /** True for sips: every hop is TLS (RFC 3261 26.2.2). */
  readonly secure: boolean;
  /** Where the URI leads when no look-up is needed: its host is an address, or its transport one that we do not know. */
  readonly fixed: readonly Destination[] | undefined;
  /** What a sender must have for `fixed`: one bit, or none when nobody can reach it. */
  readonly fixedReach: Reach;
  /** The same for all URIs that lead to the same places by a look-up; empty where none is needed. */
  readonly key: string;
}

/** The question where a URI leads (RFC 3263 4). `maddr` takes the place of the host (RFC 3261 16.6 step 7). */
export function resolutionQuery(uri: SipUri): ResolutionQuery {
  const host = unbracketed(uri.parameters.get('maddr') ?? uri.host).toLowerCase();
  const { port } = uri;
  const secure = uri.scheme === 'sips';
  const transport = uri.parameters.get('transport')?.toLowerCase();
  const protocol = protocolOf(transport, secure);
  const fixed = fixedDestinations(host, port, protocol, secure);
  const [only] = fixed ?? [];
  return {
    host,
    port,
    protocol: protocol === 'unknown' ? undefined : protocol,
    secure,
    fixed,
    fixedReach: only === undefined ? 0 : reachBit(only.protocol, isIP(host) === 6 ? 6 : 4),
    key: fixed === undefined ? `${secure ? 's' : ''}${transport ?? ''} ${host} ${port ?? ''}` : '',
  };
}

function protocolOf(transport: string | undefined, secure: boolean): SipProtocol | 'unknown' | undefined {
  switch (transport) {
    case undefined:
      return undefined;
    case 'udp':
      // No datagram protocol carries sips: SIPS+D2U does not exist (RFC 3263 4.1).
      return secure ? 'unknown' : 'UDP';
    case 'tcp':
      return secure ? 'TLS' : 'TCP';
    case 'tls':
      return 'TLS';
    case DTLS_URI_TRANSPORT:
      return DTLS_VIA_TRANSPORT;
    default:
      return 'unknown';
  }
}

function fixedDestinations(
  address: string,
  port: number | undefined,
  protocol: SipProtocol | 'unknown' | undefined,
  secure: boolean,
): readonly Destination[] | undefined {
  if (protocol === 'unknown') return [];
  if (isIP(address) === 0) return undefined;
  const chosen = protocol ?? (secure ? 'TLS' : 'UDP');
  return [{ address, port: port ?? defaultPort(chosen), protocol: chosen }];
}

function unbracketed(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
}
