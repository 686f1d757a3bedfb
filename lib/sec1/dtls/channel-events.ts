import type { AssociationPeer } from './association-peer.ts';

/** A handshake that ended badly. */
export interface ChannelFailure {
  readonly remote: { readonly address: string; readonly port: number };
  readonly reason: string;
  /** The name of the alert, if there was one. */
  readonly alert?: string | undefined;
}

/** Hears what becomes of associations, for log and metrics. */
export interface ChannelEvents {
  opened(listener: string, peer: AssociationPeer): void;
  /** An association whose handshake went well, but whose peer is nobody who may come in. */
  refused(
    listener: string,
    remote: ChannelFailure['remote'],
    reason: 'no-identity' | 'not-permitted' | 'no-room',
  ): void;
  closed(listener: string, peer: AssociationPeer, reason: string): void;
  failed(listener: string, failure: ChannelFailure): void;
}
