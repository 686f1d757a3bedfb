import type { SipRequest } from '../../sip/message/index.ts';
import type { Flow } from '../../sip/transport/transport.ts';
import type { AuthenticationResult, Authenticator } from './authenticator.ts';
import { channelIdentity } from './channel-peer.ts';

/** The ways in which the handshake of a channel proves who a peer is. */
export type ChannelScheme = 'gba-psk' | 'psk' | 'push-psk' | 'certificate';

export interface ChannelAuthenticatorOptions {
  readonly scheme: ChannelScheme;
  /** True when the channel alone is not enough, and a further authenticator must be satisfied on each request. */
  readonly digestAsWell?: boolean;
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly now?: () => number;
}

/** Lets in what comes by an association whose handshake proved who the peer is: its identity is that of each request. */
export class ChannelAuthenticator implements Authenticator {
  readonly scheme: ChannelScheme;
  readonly #digestAsWell: boolean;
  readonly #now: () => number;

  constructor({ scheme, digestAsWell = false, now = Date.now }: ChannelAuthenticatorOptions) {
    this.scheme = scheme;
    this.#digestAsWell = digestAsWell;
    this.#now = now;
  }

  authenticate(_request: SipRequest, { peer }: Flow): AuthenticationResult {
    if (this.#digestAsWell) return NOT_APPLICABLE;
    const identity = channelIdentity(peer, this.#now());
    return identity?.scheme === this.scheme ? { outcome: 'authenticated', identity } : NOT_APPLICABLE;
  }
}

const NOT_APPLICABLE: AuthenticationResult = { outcome: 'not-applicable' };
