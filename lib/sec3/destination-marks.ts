import { peerKey, type Destination, type Peer } from '../../sip/index.ts';

/** What one address of a server has shown lately. */
interface Mark {
  avoidUntil: number;
  retryAfter: number;
}

/** Marks kept for one server; more addresses than that it cannot have at once. */
const MAXIMUM_MARKS = 256;

/**
 * What is known of single addresses of a server that has several of them (SRV records of a cluster, say): one that is busy or silent
 * must not be taken for all.
 */
export class DestinationMarks {
  readonly #marks = new Map<string, Mark>();

  /** The destinations to try: without those that asked to be left alone, and those that failed lately behind the others. */
  order(destinations: readonly Destination[], now: number): readonly Destination[] {
    if (this.#marks.size === 0) return destinations;
    const alive: Destination[] = [];
    const avoided: Destination[] = [];
    for (const destination of destinations) {
      const mark = this.#marks.get(peerKey(destination));
      if (mark !== undefined && now < mark.retryAfter) continue;
      if (mark !== undefined && now < mark.avoidUntil) avoided.push(destination);
      else alive.push(destination);
    }
    return avoided.length === 0 ? alive : alive.concat(avoided);
  }

  /** Marks one that failed; `retryAfter` is where it did not ask for anything in the past. */
  failed(peer: Peer, now: number, avoidUntil: number, retryAfter: number): void {
    this.#forgetPast(now);
    if (this.#marks.size < MAXIMUM_MARKS || this.#marks.has(peerKey(peer))) {
      this.#marks.set(peerKey(peer), { avoidUntil, retryAfter });
    }
  }

  answered(peer: Peer): void {
    if (this.#marks.size > 0) this.#marks.delete(peerKey(peer));
  }

  /** When the first of them is over its failure and its Retry-After, should all be marked; undefined when one is not. */
  allMarked(destinations: readonly Peer[], now: number): Readonly<Mark> | undefined {
    let avoidUntil = Number.POSITIVE_INFINITY;
    let retryAfter = Number.POSITIVE_INFINITY;
    for (const destination of destinations) {
      const mark = this.#marks.get(peerKey(destination));
      if (mark === undefined || now >= Math.max(mark.avoidUntil, mark.retryAfter)) return undefined;
      avoidUntil = Math.min(avoidUntil, mark.avoidUntil);
      retryAfter = Math.min(retryAfter, mark.retryAfter);
    }
    return { avoidUntil, retryAfter };
  }

  #forgetPast(now: number): void {
    for (const [key, { avoidUntil, retryAfter }] of this.#marks) {
      if (now >= Math.max(avoidUntil, retryAfter)) this.#marks.delete(key);
    }
  }
}
