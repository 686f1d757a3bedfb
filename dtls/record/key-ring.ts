/** What can be told to let its held keys go. */
export interface KeyHolder {
  releaseKeys(): void;
}

/**
 * Who may hold KeyObjects. A KeyObject costs half a microsecond to make and half a kilobyte to keep, so busy associations keep theirs
 * and idle ones do not: when the ring is full, whoever entered it first lets go, and makes new ones when records come again.
 */
export class KeyRing {
  readonly #holders: (KeyHolder | undefined)[];
  #next = 0;
  /** How often somebody had to let go. */
  evicted = 0;

  /** @param size holders at once; each holds at most two keys */
  constructor(size: number = DEFAULT_KEY_RING_SIZE) {
    this.#holders = new Array<KeyHolder | undefined>(size).fill(undefined);
  }

  /**
   * Enters a holder that has begun to keep keys; it does so again only after it was told to let go, or left.
   *
   * @returns its place, for {@link leave}
   */
  enter(holder: KeyHolder): number {
    const place = this.#next;
    const first = this.#holders[place];
    if (first !== undefined) {
      this.evicted++;
      first.releaseKeys();
    }
    this.#holders[place] = holder;
    this.#next = (place + 1) % this.#holders.length;
    return place;
  }

  /** Forgets a holder that has let go by itself; without it keys outlive their association until the ring has gone round. */
  leave(holder: KeyHolder, place: number): void {
    if (this.#holders[place] === holder) this.#holders[place] = undefined;
  }
}

export const DEFAULT_KEY_RING_SIZE = 1024;
