import type { Peer } from '../../sip/transport/transport.ts';
import type { Identity } from './identity.ts';

/** A peer that is reached by a protected channel of its own, which may have proved who it is. */
export abstract class ChannelPeer implements Peer {
  abstract readonly address: string;
  abstract readonly port: number;
  /** Who the handshake of the channel proved the peer to be; undefined where it proved the gateway only. */
  abstract readonly identity: Identity | undefined;
}

/** Who the channel of a peer proved it to be, as long as that proof lasts. */
export function channelIdentity(peer: Peer, now: number): Identity | undefined {
  if (!(peer instanceof ChannelPeer)) return undefined;
  const { identity } = peer;
  return identity?.expiresAt !== undefined && identity.expiresAt <= now ? undefined : identity;
}

/** True when both proofs are of one subscriber: the same private identity where both are known, else a common public one. */
export function isSameSubscriber(one: Identity, other: Identity): boolean {
  if (one.impi !== undefined && other.impi !== undefined) return one.impi === other.impi;
  return one.impus.some((impu) => other.impus.includes(impu));
}
