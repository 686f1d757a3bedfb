import { BlockList, isIP } from 'node:net';

import type { SipRequest } from '../../sip/message/index.ts';
import type { Flow } from '../../sip/transport/transport.ts';
import { OsgateError } from '../errors.ts';
import type { AuthenticationResult, Authenticator } from './authenticator.ts';

export interface TrustedAuthenticatorOptions {
  /** Addresses, or ranges like `10.0.0.0/8` and `fd00::/8`. */
  readonly peers: readonly string[];
}

/** Trusts peers by their address: the inside of the gateway, a member of its trust domain (RFC 3325 2.3). */
export class TrustedAuthenticator implements Authenticator {
  readonly scheme = 'trusted';
  readonly #peers = new BlockList();

  /** @throws OsgateError OSGATE_CONFIG_INVALID for what is neither an address nor a range */
  constructor({ peers }: TrustedAuthenticatorOptions) {
    for (const peer of peers) this.#add(peer);
  }

  trusts(address: string): boolean {
    // A link-local source address comes with its zone, which a range does not have.
    const zone = address.indexOf('%');
    const plain = zone < 0 ? address : address.slice(0, zone);
    const version = isIP(plain);
    return version !== 0 && this.#peers.check(plain, version === 6 ? 'ipv6' : 'ipv4');
  }

  authenticate(_request: SipRequest, { peer }: Flow): AuthenticationResult {
    if (!this.trusts(peer.address)) return { outcome: 'not-applicable' };
    return { outcome: 'authenticated', identity: { scheme: 'trusted', subject: peer.address, impus: [] } };
  }

  #add(peer: string): void {
    const slash = peer.indexOf('/');
    const address = slash < 0 ? peer : peer.slice(0, slash);
    const version = isIP(address);
    const bits = version === 6 ? 128 : 32;
    const prefix = slash < 0 ? bits : Number(peer.slice(slash + 1));
    const good = version !== 0 && (slash < 0 || /^\d{1,3}$/.test(peer.slice(slash + 1))) && prefix <= bits;
    if (!good) throw new OsgateError('OSGATE_CONFIG_INVALID', `not an address or a range of addresses: ${peer}`);
    this.#peers.addSubnet(address, prefix, version === 6 ? 'ipv6' : 'ipv4');
  }
}
