import type { KeyedHash } from './keyed-hash.ts';
import { SOURCE_WORDS } from './source.ts';

/** Places in a set: with half of all places taken a set is full once in some hundred. */
const WAYS = 8;

/**
 * A table of sources that expire: typed arrays of a size fixed at the start, eight places for each hash. Nothing is ever
 * pushed out: where no place is free or expired, the new one is refused.
 */
export class SourceTable {
  /** Numbers that belong to each place, `columns` of them. */
  readonly data: Float64Array;
  readonly columns: number;
  readonly #maximum: number;
  readonly #tags: Uint32Array;
  readonly #keys: Uint32Array;
  readonly #expiresAt: Float64Array;
  readonly #setMask: number;
  #size = 0;
  #swept = 0;

  /**
   * @param maximum sources at once; there are two to four times as many places
   * @param columns numbers kept with each source
   */
  constructor(maximum: number, columns: number) {
    const sets = powerOfTwo(Math.ceil((maximum * 2) / WAYS));
    const places = sets * WAYS;
    this.#maximum = maximum;
    this.#setMask = sets - 1;
    this.#tags = new Uint32Array(places);
    this.#keys = new Uint32Array(places * SOURCE_WORDS);
    this.#expiresAt = new Float64Array(places);
    this.columns = columns;
    this.data = new Float64Array(places * columns);
  }

  /** Sources held, those included that have expired since the last sweep came by. */
  get size(): number {
    return this.#size;
  }

  /** The place of a source that has not expired, or -1. */
  find(words: Uint32Array, hash: KeyedHash, now: number): number {
    const tag = hash.first | 1;
    const tags = this.#tags;
    const start = (hash.second & this.#setMask) * WAYS;
    for (let place = start; place < start + WAYS; place++) {
      if ((tags[place] ?? 0) === tag >>> 0 && this.#holds(place, words)) {
        return (this.#expiresAt[place] ?? 0) > now ? place : -1;
      }
    }
    return -1;
  }

  /** The place of a source, new or not, which is kept until `expiresAt`; -1 when there is no room. New data are zero. */
  put(words: Uint32Array, hash: KeyedHash, now: number, expiresAt: number): number {
    const tag = (hash.first | 1) >>> 0;
    const start = (hash.second & this.#setMask) * WAYS;
    let free = -1;
    for (let place = start; place < start + WAYS; place++) {
      const found = this.#tags[place] ?? 0;
      if (found === tag && this.#holds(place, words)) {
        if ((this.#expiresAt[place] ?? 0) <= now) this.#clear(place);
        this.#expiresAt[place] = expiresAt;
        return place;
      }
      if (free >= 0) continue;
      if (found === 0) free = place;
      else if ((this.#expiresAt[place] ?? 0) <= now) {
        this.#remove(place);
        free = place;
      }
    }
    if (free < 0 || this.#size >= this.#maximum) return -1;
    this.#size++;
    this.#tags[free] = tag;
    this.#keys.set(words, free * SOURCE_WORDS);
    this.#expiresAt[free] = expiresAt;
    this.#clear(free);
    return free;
  }

  /** Frees what has expired in the next `places` places, so that a full turn takes many small steps. */
  sweep(now: number, places: number): void {
    const end = Math.min(places, this.#tags.length);
    for (let step = 0; step < end; step++) {
      const place = this.#swept;
      this.#swept = place + 1 < this.#tags.length ? place + 1 : 0;
      if (this.#tags[place] !== 0 && (this.#expiresAt[place] ?? 0) <= now) this.#remove(place);
    }
  }

  /** How many sources have more than `limit` in that column. Looks at every place: for metrics, not for datagrams. */
  countAbove(column: number, limit: number): number {
    let count = 0;
    for (let place = 0; place < this.#tags.length; place++) {
      if (this.#tags[place] !== 0 && (this.data[place * this.columns + column] ?? 0) > limit) count++;
    }
    return count;
  }

  #holds(place: number, words: Uint32Array): boolean {
    const keys = this.#keys;
    const start = place * SOURCE_WORDS;
    for (let word = 0; word < SOURCE_WORDS; word++) if (keys[start + word] !== words[word]) return false;
    return true;
  }

  #clear(place: number): void {
    this.data.fill(0, place * this.columns, (place + 1) * this.columns);
  }

  #remove(place: number): void {
    this.#tags[place] = 0;
    this.#size--;
  }
}

/** The smallest power of two that is not below `value`. */
export function powerOfTwo(value: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(value, 1)));
}
