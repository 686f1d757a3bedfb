/** What can be told to let its held keys go. */
export interface KeyHolder {
  releaseKeys(): void;
  /** Its place in the ring; the ring's to set. */
  ringPlace: number;
}

/**
 * Who may hold KeyObjects. A KeyObject costs half a microsecond to make and half a kilobyte to keep, so busy associations keep theirs
 * and idle ones do not: when the ring is full, whoever entered it first lets go, and makes new ones when records come again.
 */
export class KeyRing {
  readonly #holders: (KeyHolder | undefined)[];
  readonly #counters: { recordKeysReleased: number };
  #next = 0;

  /**
   * @param size holders at once, at least one; each holds at most two keys
   * @param counters where it is counted how often somebody had to let go
   */
  constructor(size: number = DEFAULT_KEY_RING_SIZE, counters = { recordKeysReleased: 0 }) {
    this.#holders = new Array<KeyHolder | undefined>(Math.max(1, size)).fill(undefined);
    this.#counters = counters;
  }

  /** Enters a holder that has begun to keep keys; it does so again only after it was told to let go, or left. */
  enter(holder: KeyHolder): void {
    const place = this.#next;
    const first = this.#holders[place];
    if (first !== undefined) {
      this.#counters.recordKeysReleased++;
      first.releaseKeys();
    }
    this.#holders[place] = holder;
    holder.ringPlace = place;
    this.#next = (place + 1) % this.#holders.length;
  }

  /** Forgets a holder that has no use for keys any more, so that neither it nor they are kept alive. */
  leave(holder: KeyHolder): void {
    if (this.#holders[holder.ringPlace] === holder) this.#holders[holder.ringPlace] = undefined;
  }
}

export const DEFAULT_KEY_RING_SIZE = 1024;
