/**
 * Typed, expiring records under string keys. A record that has expired is never returned, whether it was purged or not.
 * Times are milliseconds since 1970-01-01T00:00:00Z.
 */
export interface Store<T> {
  get(key: string): Promise<T | undefined>;
  put(key: string, value: T, expiresAt: number): Promise<void>;
  /** Returns and removes the record in one step: of two callers one gets it. */
  take(key: string): Promise<T | undefined>;
  delete(key: string): Promise<void>;
  /** Removes what has expired and returns how many records that were. */
  purge(): Promise<number>;
  /** Live and not yet purged records. */
  size(): Promise<number>;
  close(): Promise<void>;
}
