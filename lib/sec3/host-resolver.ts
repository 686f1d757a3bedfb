import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';

import { LRUCache } from 'lru-cache';

/**
 * Host names to addresses, A and AAAA through the system's resolver. IP literals, with or without brackets, resolve at
 * once; names are kept for `cacheMilliseconds`.
 */
export class HostResolver {
  readonly #cache: LRUCache<string, string>;

  constructor(options: { cacheMilliseconds?: number; maximumNames?: number } = {}) {
    this.#cache = new LRUCache({ max: options.maximumNames ?? 10_000, ttl: options.cacheMilliseconds ?? 30_000 });
  }

  /** The address without a look-up, where that is possible. */
  cached(host: string): string | undefined {
    const literal = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
    if (isIP(literal) !== 0) return literal;
    return this.#cache.get(host.toLowerCase());
  }

  /** The address, or undefined when the name does not resolve. */
  async resolve(host: string): Promise<string | undefined> {
    const known = this.cached(host);
    if (known !== undefined) return known;
    try {
      const { address } = await lookup(host);
      this.#cache.set(host.toLowerCase(), address);
      return address;
    } catch {
      return undefined;
    }
  }
}
