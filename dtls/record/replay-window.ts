/** Sequence numbers below the newest one that can still be told apart. */
const WIDTH = 64;

/**
 * Which record sequence numbers of one epoch were seen (RFC 6347 4.1.2.6): the newest and the 63 before it. Ask `isFresh`
 * before opening a record, and call `accept` only once it has opened, or anybody could move the window.
 */
export class ReplayWindow {
  /** The newest sequence number that was accepted; -1 for none. */
  newest = -1;
  /** One bit for each of newest - 0 to newest - 31, lowest first, and for those 32 before them. */
  #recent = 0;
  #older = 0;

  /** Whether this number was not accepted before and is not too old to tell. */
  isFresh(sequence: number): boolean {
    const age = this.newest - sequence;
    if (age < 0) return true;
    if (age >= WIDTH) return false;
    return age < 32 ? ((this.#recent >>> age) & 1) === 0 : ((this.#older >>> (age - 32)) & 1) === 0;
  }

  /** Whether it is newer than all that were accepted (RFC 9146 6). */
  isNewest(sequence: number): boolean {
    return sequence > this.newest;
  }

  /** Marks a fresh number as seen. */
  accept(sequence: number): void {
    const age = this.newest - sequence;
    if (age < 0) {
      this.#advance(-age);
      this.newest = sequence;
      this.#recent |= 1;
    } else if (age < 32) this.#recent |= 1 << age;
    else if (age < WIDTH) this.#older |= 1 << (age - 32);
  }

  /** Three numbers from which `restore` makes the same window. */
  save(): [newest: number, recent: number, older: number] {
    return [this.newest, this.#recent, this.#older];
  }

  static restore([newest, recent, older]: readonly [number, number, number]): ReplayWindow {
    const window = new ReplayWindow();
    window.newest = newest;
    window.#recent = recent | 0;
    window.#older = older | 0;
    return window;
  }

  #advance(by: number): void {
    if (by >= WIDTH) {
      this.#older = 0;
      this.#recent = 0;
    } else if (by >= 32) {
      this.#older = by === 32 ? this.#recent : this.#recent << (by - 32);
      this.#recent = 0;
    } else {
      this.#older = (this.#older << by) | (this.#recent >>> (32 - by));
      this.#recent <<= by;
    }
  }
}
