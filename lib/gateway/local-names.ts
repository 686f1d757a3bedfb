import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

import type { SipUri } from '../../sip/index.ts';
import type { SipListener } from '../sec1/index.ts';

const DEFAULT_SIP_PORT = 5060;

/**
 * Tells whether a SIP URI names this gateway: an FQDN or advertised name of a listener, or an address that it is bound
 * to, at that listener's port (RFC 3261 16.4, 16.5).
 */
export function localNames(listeners: readonly SipListener[]): (uri: SipUri) => boolean {
  const names = new Set<string>();
  for (const listener of listeners) {
    // All transports of a listener have the same address and port.
    const { local, sentBy } = listener.transport;
    names.add(sentBy.toLowerCase());
    names.add(hostPort(listener.fqdn, local.port));
    // A listener behind a DNS name is reached at the default port too.
    names.add(hostPort(listener.fqdn, DEFAULT_SIP_PORT));
    for (const address of boundAddresses(local.address)) names.add(hostPort(address, local.port));
  }
  return (uri) => names.has(hostPort(uri.host, uri.port ?? DEFAULT_SIP_PORT));
}

function boundAddresses(address: string): string[] {
  if (address !== '0.0.0.0' && address !== '::') return [address];
  return Object.values(networkInterfaces()).flatMap((found) => (found ?? []).map((entry) => entry.address));
}

function hostPort(host: string, port: number): string {
  const bracketed = isIP(host) === 6 ? `[${host}]` : host;
  return `${bracketed}:${port}`.toLowerCase();
}
