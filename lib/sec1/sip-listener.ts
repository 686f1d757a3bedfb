import type { AuthenticatorChain, SecurityRequirement } from '../identity/index.ts';
import type { Transport } from '../../sip/index.ts';

/** One SEC-1 SIP listener: where it listens, under which name, and how its peers prove who they are. */
export interface SipListener {
  readonly name: string;
  /** The NAF FQDN that agents contact. */
  readonly fqdn: string;
  /** The transport for whoever has no preference: UDP where it listens for that. */
  readonly transport: Transport;
  /** All of them, each of another protocol, at the same address and port. */
  readonly transports: readonly Transport[];
  readonly authenticators: AuthenticatorChain;
  /** What a subscriber's security settings must have, one of these, for anything to be let in; absent: nothing. */
  readonly requires?: readonly SecurityRequirement[];
  /** What its socket, key caches and nonce windows have counted so far, by kind. */
  counters(): Readonly<Record<string, number>>;
  /** How full the fullest of its nonce windows is, from 0 to 1. */
  nonceFill(): number;
  /** True for addresses that this listener trusts without credentials: the inside. */
  trusts(address: string): boolean;
}
