import { randomBytes } from 'node:crypto';

import { LRUCache } from 'lru-cache';

import type { DigestUser, DigestUserSource } from '../../kmc/subscribers/index.ts';
import { computeHa1, type DigestAlgorithm } from '../../sip/digest/index.ts';
import type { DigestProof } from './digest-proofs.ts';

/** What one user name can be verified by; a name that nobody has looks the same but for `known`. */
export interface CachedDigestUser {
  readonly known: boolean;
  /** By algorithm: HA1, which is secret, and who proves to have it. */
  readonly proofs: ReadonlyMap<DigestAlgorithm, DigestProof>;
  readonly expiresAt: number;
}

export interface DigestUserCacheOptions {
  readonly source: DigestUserSource;
  readonly realm: string;
  readonly algorithms: readonly DigestAlgorithm[];
  /** The GSIDs whose user security settings count. */
  readonly gsids: readonly number[];
  /** So many known users, as many unknown names, and as many look-ups at once. */
  readonly maximumUsers: number;
  /** After so long a changed password, or a removed user, is noticed. */
  readonly keepSeconds: number;
  /** After so long a new user is noticed whose name was tried before. */
  readonly keepUnknownSeconds: number;
  /** Milliseconds; must not be set back. */
  readonly now: () => number;
}

/**
 * Digest users in front of their source. Passwords are not kept, only what digest makes of them (HA1). A name that nobody
 * has gets the HA1 of a random password, so that the same work is done for it; such names have a cache of their own, in
 * which they push no user out.
 */
export class DigestUserCache {
  readonly #options: DigestUserCacheOptions;
  readonly #known: LRUCache<string, CachedDigestUser>;
  readonly #unknown: LRUCache<string, CachedDigestUser>;
  /** Stands for the password of whoever does not exist; with the name beside it, its HA1 is another one for each. */
  readonly #nobody = randomBytes(16);
  readonly #pending = new Map<string, Promise<CachedDigestUser | 'unavailable'>>();
  readonly #counters = { hits: 0, unknownHits: 0, joined: 0, lookups: 0, unknown: 0, failures: 0, full: 0 };

  constructor(options: DigestUserCacheOptions) {
    this.#options = options;
    this.#known = new LRUCache({ max: options.maximumUsers });
    this.#unknown = new LRUCache({ max: options.maximumUsers });
  }

  get counters(): Readonly<Record<string, number>> {
    return this.#counters;
  }

  /** At once when the answer is known; a promise, which never rejects, when the source has to be asked. */
  find(username: string): CachedDigestUser | 'unavailable' | Promise<CachedDigestUser | 'unavailable'> {
    const now = this.#options.now();
    const known = this.#known.get(username);
    if (known !== undefined && known.expiresAt > now) {
      this.#counters.hits++;
      return known;
    }
    const unknown = this.#unknown.get(username);
    if (unknown !== undefined && unknown.expiresAt > now) {
      this.#counters.unknownHits++;
      return unknown;
    }
    const pending = this.#pending.get(username);
    if (pending !== undefined) {
      this.#counters.joined++;
      return pending;
    }
    if (this.#pending.size >= this.#options.maximumUsers) {
      this.#counters.full++;
      return 'unavailable';
    }
    const lookup = this.#ask(username);
    this.#pending.set(username, lookup);
    return lookup;
  }

  async #ask(username: string): Promise<CachedDigestUser | 'unavailable'> {
    this.#counters.lookups++;
    try {
      const user = await this.#options.source.find(username);
      const entry = this.#enter(username, user);
      if (user === undefined) {
        this.#counters.unknown++;
        this.#known.delete(username);
        this.#unknown.set(username, entry);
      } else {
        this.#unknown.delete(username);
        this.#known.set(username, entry);
      }
      return entry;
    } catch {
      this.#counters.failures++;
      return 'unavailable';
    } finally {
      this.#pending.delete(username);
    }
  }

  /** The same work for a user and for nobody. */
  #enter(username: string, user: DigestUser | undefined): CachedDigestUser {
    const { realm, algorithms, gsids, keepSeconds, keepUnknownSeconds, now } = this.#options;
    const { impi, password, securitySettings } = user ?? {
      impi: username,
      password: this.#nobody,
      securitySettings: [],
    };
    const settings = securitySettings.filter(({ gsid, nafGroup }) => nafGroup === undefined && gsids.includes(gsid));
    const person = {
      scheme: 'digest',
      subject: username,
      impi,
      impus: [...new Set(settings.flatMap(({ uids }) => uids))],
      securitySettings: settings,
    } as const;
    const octets = password.toString('latin1');
    return {
      known: user !== undefined,
      proofs: new Map(
        algorithms.map((algorithm) => [
          algorithm,
          { ha1: computeHa1(algorithm, username, realm, octets), identity: { ...person, algorithm } },
        ]),
      ),
      expiresAt: now() + (user === undefined ? keepUnknownSeconds : keepSeconds) * 1000,
    };
  }
}
