import { randomBytes } from 'node:crypto';

import { LRUCache } from 'lru-cache';

import { derivePushPassword, derivePushPsk, type GatewayAssociation } from '../../push/association/index.ts';
import { parseUri, uriEquals } from '../../sip/message/index.ts';
import type { Identity } from './identity.ts';

/** Where NAF SAs are found; `GatewayAssociations` is one. Those that have ended are not found. */
export interface PushAssociationSource {
  find(ptid: string): Promise<GatewayAssociation | undefined>;
}

export interface PushKeysOptions {
  readonly associations: PushAssociationSource;
  /** The FQDN in the NAF_Id: NAF SAs of another one are not for this listener. */
  readonly fqdn: string;
  readonly gsids: readonly number[];
  readonly maximumKeys: number;
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly now?: () => number;
}

/** What a NAF SA proves and by which keys; for a P-TID that nobody has, keys that nobody has. Secret. */
export interface PushKeys {
  readonly known: boolean;
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly expiresAt: number;
  /** 32 octets. */
  readonly preSharedKey: Buffer;
  readonly password: string;
  readonly person: Omit<Identity, 'scheme' | 'algorithm'>;
}

export type PushKeysLookup =
  { readonly outcome: 'found' | 'expired' | 'unknown'; readonly keys: PushKeys } | { readonly outcome: 'unavailable' };

/** A P-TID that is not known may not become known sooner: NAF SAs are stored before agents hear of them. */
const UNKNOWN_FOR_MILLISECONDS = 1000;

/** Beyond that it is none of ours, and not worth a look (see `requireSecurityAssociationId`). */
const LONGEST_PTID_OCTETS = 255;

/**
 * The keys of pushes that authenticators use, as long as they last, in front of the NAF SAs. Unknown P-TIDs have entries as known
 * ones do, so that it costs the same to prove nothing under either.
 */
export class PushKeyCache {
  readonly #options: PushKeysOptions;
  readonly #now: () => number;
  readonly #known: LRUCache<string, PushKeys>;
  /** A cache of its own, so that made-up names push no key out. */
  readonly #unknown: LRUCache<string, PushKeys>;
  readonly #nobody = randomBytes(32);
  readonly #counters = { hits: 0, unknownHits: 0, lookups: 0, unknown: 0, otherNaf: 0, failures: 0 };

  constructor(options: PushKeysOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#known = new LRUCache({ max: options.maximumKeys });
    this.#unknown = new LRUCache({ max: options.maximumKeys });
  }

  get counters(): Readonly<Record<string, number>> {
    return this.#counters;
  }

  /** At once when the answer is known; a promise, which never rejects, when the store has to be asked. */
  find(ptid: string): PushKeysLookup | Promise<PushKeysLookup> {
    const known = this.#known.get(ptid);
    if (known !== undefined) {
      this.#counters.hits++;
      return this.#judge(known);
    }
    const unknown = this.#unknown.get(ptid);
    if (unknown !== undefined && unknown.expiresAt > this.#now()) {
      this.#counters.unknownHits++;
      return { outcome: 'unknown', keys: unknown };
    }
    return this.#ask(ptid);
  }

  async #ask(ptid: string): Promise<PushKeysLookup> {
    this.#counters.lookups++;
    try {
      const isName = ptid !== '' && Buffer.byteLength(ptid) <= LONGEST_PTID_OCTETS;
      const association = isName ? await this.#options.associations.find(ptid) : undefined;
      if (association !== undefined && this.#isOurs(association)) {
        const keys = this.#keysOf(association, association.nafKey, true);
        this.#known.set(ptid, keys);
        return this.#judge(keys);
      }
      this.#counters.unknown++;
      const expiresAt = this.#now() + UNKNOWN_FOR_MILLISECONDS;
      const keys = this.#keysOf({ ptid, expiresAt }, this.#nobody, false);
      this.#unknown.set(ptid, keys);
      return { outcome: 'unknown', keys };
    } catch {
      this.#counters.failures++;
      return { outcome: 'unavailable' };
    }
  }

  #isOurs({ nafId }: GatewayAssociation): boolean {
    if (nafId.fqdn.toLowerCase() === this.#options.fqdn.toLowerCase()) return true;
    this.#counters.otherNaf++;
    return false;
  }

  /** Keys that have ended are kept, and answered for: their P-TID never becomes good again. */
  #judge(keys: PushKeys): PushKeysLookup {
    return { outcome: keys.expiresAt > this.#now() ? 'found' : 'expired', keys };
  }

  #keysOf(association: Owner, nafKey: Buffer, known: boolean): PushKeys {
    const { ptid: subject, impi, expiresAt } = association;
    const settings = (association.securitySettings ?? []).filter(({ gsid }) => this.#options.gsids.includes(gsid));
    return {
      known,
      expiresAt,
      preSharedKey: derivePushPsk(nafKey),
      password: derivePushPassword(nafKey),
      person: {
        subject,
        ...(impi === undefined ? {} : { impi }),
        impus: impusOf(
          association.publicIdentity,
          settings.flatMap(({ uids }) => uids),
        ),
        securitySettings: settings,
        expiresAt,
      },
    };
  }
}

type Owner = Pick<GatewayAssociation, 'ptid' | 'expiresAt' | 'impi' | 'publicIdentity' | 'securitySettings'>;

/**
 * Who has the key of a push is the subscriber whose card answered its GPI. The settings say which public identities are his; without
 * any it is known of one alone, by which the key centre found him.
 */
function impusOf(recipient: string | undefined, uids: readonly string[]): readonly string[] {
  if (uids.length === 0) return recipient === undefined ? [] : [recipient];
  const parsed = recipient === undefined ? undefined : parseUri(recipient);
  const own = parsed === undefined ? undefined : uids.find((uid) => uriEquals(uid, parsed));
  // The default identity is the one that the push went to.
  return [...new Set(own === undefined ? uids : [own, ...uids])];
}
