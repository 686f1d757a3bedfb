/**
 * Expiring records under string keys, as the key centre needs them; any store with these operations will do. An expired
 * record is never returned. Times are milliseconds since 1970-01-01T00:00:00Z.
 */
export interface ContextStore<T> {
  get(key: string): Promise<T | undefined>;
  /** Rejects when the store is full. */
  put(key: string, value: T, expiresAt: number): Promise<void>;
  /** Returns and removes the record in one step: of two callers one gets it. */
  take(key: string): Promise<T | undefined>;
}
