import { OsgateError } from '../errors.ts';
import { type Codec, messagePackCodec } from './codec.ts';
import type { Store } from './store.ts';

export interface MemoryStoreOptions<T> {
  /** Records kept at once; beyond that new ones are refused. Default 1,000,000. */
  readonly maximumRecords?: number;
  readonly codec?: Codec<T>;
  /** Milliseconds since 1970-01-01T00:00:00Z. Default Date.now. */
  readonly now?: () => number;
}

/**
 * A store that ends with the process. Records are kept encoded, so that nobody can change one by what he put or got.
 *
 * `put` rejects with OSGATE_STORE when the store is full of live records; a key that is in it can always be put again.
 */
export class MemoryStore<T> implements Store<T> {
  readonly #records = new Map<string, { readonly octets: Uint8Array; readonly expiresAt: number }>();
  readonly #maximumRecords: number;
  readonly #codec: Codec<T>;
  readonly #now: () => number;
  /** No record ends before this, so a full store need not be searched for ended ones at every refusal. */
  #earliestExpiry = Infinity;
  #refused = 0;

  constructor({
    maximumRecords = DEFAULT_MAXIMUM_RECORDS,
    codec = messagePackCodec<T>(),
    now = Date.now,
  }: MemoryStoreOptions<T> = {}) {
    this.#maximumRecords = maximumRecords;
    this.#codec = codec;
    this.#now = now;
  }

  /** Records refused because the store was full. */
  get refused(): number {
    return this.#refused;
  }

  async get(key: string): Promise<T | undefined> {
    const record = this.#records.get(key);
    return record === undefined || record.expiresAt <= this.#now() ? undefined : this.#decode(record.octets, key);
  }

  async put(key: string, value: T, expiresAt: number): Promise<void> {
    if (!this.#records.has(key) && this.#records.size >= this.#maximumRecords) {
      if (this.#earliestExpiry <= this.#now()) this.#purge();
      if (this.#records.size >= this.#maximumRecords) {
        this.#refused += 1;
        throw new OsgateError('OSGATE_STORE', `the store is full: it has ${this.#maximumRecords} records`);
      }
    }
    this.#records.set(key, { octets: this.#codec.encode(value, key), expiresAt });
    this.#earliestExpiry = Math.min(this.#earliestExpiry, expiresAt);
  }

  async take(key: string): Promise<T | undefined> {
    const record = this.#records.get(key);
    this.#records.delete(key);
    return record === undefined || record.expiresAt <= this.#now() ? undefined : this.#decode(record.octets, key);
  }

  async delete(key: string): Promise<void> {
    this.#records.delete(key);
  }

  async purge(): Promise<number> {
    return this.#purge();
  }

  async size(): Promise<number> {
    return this.#records.size;
  }

  async close(): Promise<void> {
    this.#records.clear();
  }

  #purge(): number {
    const now = this.#now();
    let purged = 0;
    this.#earliestExpiry = Infinity;
    for (const [key, { expiresAt }] of this.#records) {
      if (expiresAt <= now) {
        this.#records.delete(key);
        purged += 1;
      } else {
        this.#earliestExpiry = Math.min(this.#earliestExpiry, expiresAt);
      }
    }
    return purged;
  }

  #decode(octets: Uint8Array, key: string): T {
    const value = this.#codec.decode(octets, key);
    if (value === undefined) throw new OsgateError('OSGATE_STORE', 'a record cannot be understood');
    return value;
  }
}

const DEFAULT_MAXIMUM_RECORDS = 1_000_000;
