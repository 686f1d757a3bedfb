import { DTLS_VIA_TRANSPORT } from '../transport/index.ts';
import type { SipProtocol } from './destination.ts';

/** Which protocols a sender has, and for each of them which family of addresses: one bit a pair, see `reachBit`. */
export type Reach = number;

const PROTOCOLS: readonly SipProtocol[] = ['UDP', 'TCP', 'TLS', DTLS_VIA_TRANSPORT];

/** The bit of one protocol over one family; a reach is the sum of those that a sender has. */
export function reachBit(protocol: SipProtocol, family: 4 | 6): Reach {
  return 1 << (PROTOCOLS.indexOf(protocol) * 2 + (family === 6 ? 1 : 0));
}

export function reaches(reach: Reach, protocol: SipProtocol, family: 4 | 6): boolean {
  return (reach & reachBit(protocol, family)) !== 0;
}

/** True when the sender has that protocol, over whatever family. */
export function reachesBy(reach: Reach, protocol: SipProtocol): boolean {
  return reaches(reach, protocol, 4) || reaches(reach, protocol, 6);
}
