import { isIPv6 } from 'node:net';

import { reachBit, type Reach, type SipProtocol, type Transport } from '../../sip/index.ts';
import type { SipListener } from './sip-listener.ts';

/** The transport that a listener sends by that protocol with; undefined where it has none. */
export function transportOf(listener: SipListener, protocol: SipProtocol): Transport | undefined {
  return listener.transport.protocol === protocol ? listener.transport : undefined;
}

const PROTOCOLS: readonly SipProtocol[] = ['UDP', 'TCP', 'TLS'];

/** The protocols that a listener has, each over the family of the address that it is bound to. */
export function reachOf(listener: SipListener): Reach {
  let reach = 0;
  for (const protocol of PROTOCOLS) {
    const transport = transportOf(listener, protocol);
    if (transport !== undefined) reach |= reachBit(protocol, isIPv6(transport.local.address) ? 6 : 4);
  }
  return reach;
}
