/**
 * Expiring records under string keys; any store with these operations will do. An expired record is never returned. Times are
 * milliseconds since 1970-01-01T00:00:00Z.
 */
export interface AssociationStore<T> {
  get(key: string): Promise<T | undefined>;
  /** Resolves once the record is as durable as the store makes it; rejects when the store is full. */
  put(key: string, value: T, expiresAt: number): Promise<void>;
  delete(key: string): Promise<void>;
}
