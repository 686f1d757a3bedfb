import type { AuthenticatorChain, SecurityRequirement } from '../identity/index.ts';
import type { Transport } from '../../sip/index.ts';

/** One SEC-1 SIP listener: where it listens, under which name, and how its peers prove who they are. */
export interface SipListener {
  readonly name: string;
  /** The NAF FQDN that agents contact. */
  readonly fqdn: string;
  readonly transport: Transport;
  readonly authenticators: AuthenticatorChain;
  /** What a subscriber's security settings must have, one of these, for anything to be let in; absent: nothing. */
  readonly requires?: readonly SecurityRequirement[];
  /** What its socket, key caches and nonce windows have counted so far, by kind. */
  counters(): Readonly<Record<string, number>>;
  /** True for addresses that this listener trusts without credentials: the inside. */
  trusts(address: string): boolean;
}
