import { LRUCache } from 'lru-cache';

import { KmcError } from '../../kmc/errors.ts';
import type { BootstrappingInfo, BootstrappingInfoRequest, KeyCentre } from '../../kmc/key-centre.ts';

export type KeyLookup =
  | { readonly outcome: 'found'; readonly info: BootstrappingInfo }
  /** The agent must bootstrap again: its keys were known and have ended. */
  | { readonly outcome: 'expired' }
  /** The agent must bootstrap again: the key centre does not know the B-TID. */
  | { readonly outcome: 'unknown' }
  /** The key centre does not serve this NAF. */
  | { readonly outcome: 'not-authorised' }
  | { readonly outcome: 'unavailable' };

export interface KeyCacheOptions {
  readonly keyCentre: Pick<KeyCentre, 'bootstrappingInfo'>;
  readonly maximumKeys: number;
  /** For how long a B-TID that is not known is not asked for again; 0 to 1000, 1000 where absent. */
  readonly unknownForMilliseconds?: number;
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly now?: () => number;
}

/** The keys of agents as long as they last, in front of a key centre. One look-up serves all who wait for the same key. */
export class KeyCache {
  readonly #keyCentre: KeyCacheOptions['keyCentre'];
  readonly #now: () => number;
  readonly #unknownFor: number;
  readonly #infos: LRUCache<string, BootstrappingInfo>;
  /** Until when a B-TID counts as unknown. A cache of its own, so that made-up names push no key out. */
  readonly #unknown: LRUCache<string, number>;
  readonly #pending = new Map<string, Promise<KeyLookup>>();
  #last: (Required<Omit<BootstrappingInfoRequest, 'btid'>> & { readonly prefix: string }) | undefined;
  readonly #counters = { hits: 0, unknownHits: 0, joined: 0, lookups: 0, failures: 0 };

  constructor({ keyCentre, maximumKeys, unknownForMilliseconds = 1000, now = Date.now }: KeyCacheOptions) {
    this.#keyCentre = keyCentre;
    this.#now = now;
    this.#unknownFor = Math.min(unknownForMilliseconds, 1000);
    this.#infos = new LRUCache({ max: maximumKeys });
    this.#unknown = new LRUCache({ max: maximumKeys });
  }

  get counters(): Readonly<Record<'hits' | 'unknownHits' | 'joined' | 'lookups' | 'failures', number>> {
    return this.#counters;
  }

  /** The answer where it is known already, else undefined. */
  known(request: BootstrappingInfoRequest): KeyLookup | undefined {
    const name = this.#nameOf(request);
    const info = this.#infos.get(name);
    if (info !== undefined) {
      this.#counters.hits++;
      return this.#judge(info);
    }
    const unknownUntil = this.#unknown.get(name);
    if (unknownUntil === undefined || unknownUntil <= this.#now()) return undefined;
    this.#counters.unknownHits++;
    return UNKNOWN;
  }

  /** At once when the answer is known; a promise, which never rejects, when the key centre has to be asked. */
  find(request: BootstrappingInfoRequest): KeyLookup | Promise<KeyLookup> {
    const known = this.known(request);
    if (known !== undefined) return known;
    const name = this.#nameOf(request);
    const pending = this.#pending.get(name);
    if (pending !== undefined) {
      this.#counters.joined++;
      return pending;
    }
    const lookup = this.#ask(name, request);
    this.#pending.set(name, lookup);
    return lookup;
  }

  #nameOf(request: BootstrappingInfoRequest): string {
    return `${this.#prefixOf(request)}${request.btid}`;
  }

  /** What a key is for, as the beginning of its name; the same from one request to the next, mostly. */
  #prefixOf({ nafId, gsids, gbaUAware = false }: BootstrappingInfoRequest): string {
    const last = this.#last;
    if (last?.nafId === nafId && last.gsids === gsids && last.gbaUAware === gbaUAware) return last.prefix;
    const prefix = `${nafId.toString()} ${gsids.join()} ${gbaUAware} `;
    this.#last = { nafId, gsids, gbaUAware, prefix };
    return prefix;
  }

  /** A key that has ended is kept, and answered for: its B-TID never becomes good again. */
  #judge(info: BootstrappingInfo): KeyLookup {
    return info.expiresAt > this.#now() ? { outcome: 'found', info } : { outcome: 'expired' };
  }

  async #ask(name: string, request: BootstrappingInfoRequest): Promise<KeyLookup> {
    this.#counters.lookups++;
    try {
      const info = await this.#keyCentre.bootstrappingInfo(request);
      if (info.keys.meKeyMaterial.length !== NAF_KEY_OCTETS) return this.#failed();
      this.#infos.set(name, info);
      return this.#judge(info);
    } catch (error) {
      const code = error instanceof KmcError ? error.code : undefined;
      if (code === 'OSGATE_KMC_NOT_AUTHORISED') return { outcome: 'not-authorised' };
      if (code !== 'OSGATE_KMC_TRANSACTION_IDENTIFIER_INVALID') return this.#failed();
      this.#unknown.set(name, this.#now() + this.#unknownFor);
      return { outcome: 'unknown' };
    } finally {
      this.#pending.delete(name);
    }
  }

  #failed(): KeyLookup {
    this.#counters.failures++;
    return { outcome: 'unavailable' };
  }
}

const NAF_KEY_OCTETS = 32;

const UNKNOWN: KeyLookup = { outcome: 'unknown' };
