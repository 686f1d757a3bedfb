import { parsePushPskIdentity } from '../../push/association/index.ts';
import type { Identity } from './identity.ts';
import type { PushKeyCache, PushKeysLookup } from './push-keys.ts';
import type { PskProof, PskRequest, PskSource } from './psk-source.ts';

/** A NAF SA of a push as the pre-shared key: the identity is `osgate-gba-push;` and a P-TID (docs/push-associations.md). */
export class PushPsk implements PskSource {
  readonly scheme = 'push-psk';
  readonly #keys: PushKeyCache;
  readonly #now: () => number;
  readonly #counters = { found: 0, malformed: 0, unknown: 0, expired: 0, unavailable: 0 };

  constructor({ keys, now = Date.now }: { readonly keys: PushKeyCache; readonly now?: () => number }) {
    this.#keys = keys;
    this.#now = now;
  }

  get counters(): Readonly<Record<string, number>> {
    return this.#counters;
  }

  lookUp({ identity }: PskRequest): PskProof | undefined | Promise<PskProof | undefined> {
    const ptid = parsePushPskIdentity(identity);
    if (ptid === undefined) {
      this.#counters.malformed++;
      return undefined;
    }
    const lookup = this.#keys.find(ptid);
    return lookup instanceof Promise ? lookup.then((settled) => this.#proof(settled)) : this.#proof(lookup);
  }

  /** A session ends with the NAF SA that it began with. */
  isCurrent({ expiresAt = 0 }: Identity): boolean {
    return expiresAt > this.#now();
  }

  /** Undefined makes the handshake fail in its last message, as a wrong key does. */
  #proof(lookup: PushKeysLookup): PskProof | undefined {
    this.#counters[lookup.outcome]++;
    if (lookup.outcome !== 'found') return undefined;
    const { preSharedKey: key, person } = lookup.keys;
    return { key, identity: { scheme: 'push-psk', ...person } };
  }
}
