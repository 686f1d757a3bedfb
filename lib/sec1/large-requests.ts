import { LRUCache } from 'lru-cache';

import { peerKey, type Flow, type Peer } from '../../sip/index.ts';

export interface LargeRequestsOptions {
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** Octets that a request over UDP may have (RFC 3261 18.1.1). */
  readonly maximumDatagramBytes: number;
  /** How long a peer that refused TCP is not asked again; milliseconds. */
  readonly retryMilliseconds: number;
  /** A peer refused TCP, or could not be reached by it; its large requests go over UDP for a while. */
  readonly onRefused: (peer: Peer) => void;
}

/** Peers that refused, at most; the one that was asked for longest ago goes first. */
const MAXIMUM_PEERS = 10_000;

/**
 * Requests that are too large for a datagram go over TCP where the peer takes it (RFC 3261 18.1.1). The connection is what
 * finds out: the request waits for it, and goes over UDP when there is none. Nothing but the size of a request decides,
 * so the next small one goes over UDP again.
 */
export class LargeRequests {
  readonly counters = { tcp: 0, refused: 0, udp: 0 };
  readonly #options: LargeRequestsOptions;
  /** When TCP may be tried again, by peer. */
  readonly #refused = new LRUCache<string, number>({ max: MAXIMUM_PEERS });

  constructor(options: LargeRequestsOptions) {
    this.#options = options;
  }

  /** RFC 3261 18.1.1. */
  isLarge(octets: number): boolean {
    return octets > this.#options.maximumDatagramBytes;
  }

  /**
   * The way of a large request; undefined for the datagram after all.
   *
   * @param tcp the same peer over TCP; undefined where there is no such way
   */
  flowFor(tcp: Flow | undefined): Flow | undefined {
    if (tcp === undefined || !this.#mayTry(tcp)) {
      this.counters.udp++;
      return undefined;
    }
    this.counters.tcp++;
    return tcp;
  }

  /** TCP failed for a request that now goes over UDP. */
  refused(tcp: Flow): void {
    this.counters.refused++;
    this.#refused.set(peerKey(tcp.peer), this.#options.now() + this.#options.retryMilliseconds);
    this.#options.onRefused(tcp.peer);
  }

  #mayTry(tcp: Flow): boolean {
    if (tcp.transport.isConnected(tcp.peer)) return true;
    const retryAt = this.#refused.get(peerKey(tcp.peer));
    return retryAt === undefined || this.#options.now() >= retryAt;
  }
}
