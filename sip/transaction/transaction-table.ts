import type { TransactionKey } from './transaction-key.ts';

/** What a table can hold; `nextInTable` is the table's own. */
export interface Keyed<Entry> {
  readonly key: TransactionKey;
  nextInTable: Entry | undefined;
}

/** A power of two. */
const FIRST_BUCKETS = 1024;

/**
 * The transactions that are alive, by key. A Map would make its table anew after so many come and go, and each of those it has
 * left behind keeps what it held, and its successor, alive until a full collection of garbage; this one is written in place.
 */
export class TransactionTable<Entry extends Keyed<Entry>> {
  #buckets = newBuckets<Entry>(FIRST_BUCKETS);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  find(key: TransactionKey): Entry | undefined {
    let entry = this.#buckets[key.hash & (this.#buckets.length - 1)];
    while (entry !== undefined && !entry.key.equals(key)) entry = entry.nextInTable;
    return entry;
  }

  /** Adds an entry; there is none with that key. */
  add(entry: Entry): void {
    if (this.#size >= 2 * this.#buckets.length) this.#grow();
    this.#put(entry);
    this.#size++;
  }

  /** Takes an entry out; false when it is not there. */
  remove(entry: Entry): boolean {
    const bucket = entry.key.hash & (this.#buckets.length - 1);
    let current = this.#buckets[bucket];
    let before: Entry | undefined;
    while (current !== undefined && current !== entry) {
      before = current;
      current = current.nextInTable;
    }
    if (current === undefined) return false;
    if (before === undefined) this.#buckets[bucket] = entry.nextInTable;
    else before.nextInTable = entry.nextInTable;
    entry.nextInTable = undefined;
    this.#size--;
    return true;
  }

  /** A list of all entries, so that the table may change meanwhile. */
  values(): Entry[] {
    const all: Entry[] = [];
    for (const head of this.#buckets) {
      for (let entry = head; entry !== undefined; entry = entry.nextInTable) all.push(entry);
    }
    return all;
  }

  #put(entry: Entry): void {
    const bucket = entry.key.hash & (this.#buckets.length - 1);
    entry.nextInTable = this.#buckets[bucket];
    this.#buckets[bucket] = entry;
  }

  #grow(): void {
    const entries = this.values();
    this.#buckets = newBuckets(2 * this.#buckets.length);
    for (const entry of entries) this.#put(entry);
  }
}

function newBuckets<Entry>(count: number): (Entry | undefined)[] {
  return new Array<Entry | undefined>(count).fill(undefined);
}
