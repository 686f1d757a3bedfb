import { NafId, parseBtid, UaSecurityProtocolId } from '../../kmc/gba/index.ts';
import type { BootstrappingInfo } from '../../kmc/key-centre.ts';
import type { Identity } from './identity.ts';
import type { KeyCache, KeyLookup } from './key-cache.ts';
import type { PskProof, PskRequest, PskSource } from './psk-source.ts';

/** The hint by which a server says that it takes GBA keys, and the beginning of the identities that go with it (TS 24.109 5.3.3). */
export const GBA_PSK_HINT = '3GPP-bootstrapping';

/** Between the hint and the B-TID. Unconfirmed: TS 33.222 5.4 could not be read. */
export const GBA_PSK_SEPARATOR = ';';

const PREFIX = GBA_PSK_HINT + GBA_PSK_SEPARATOR;

export interface GbaPskOptions {
  /** The FQDN in the NAF_Id. */
  readonly fqdn: string;
  /** OMA for the identifiers 03 00 01 YY ZZ, 3GPP for 01 00 01 YY ZZ; YY ZZ is the cipher suite (TS 33.220 H.3). */
  readonly organisation: 'OMA' | '3GPP';
  readonly keys: KeyCache;
  readonly gsids: readonly number[];
}

/** Ks_NAF as the pre-shared key: the identity is `3GPP-bootstrapping;` and a B-TID, the key is the one of the cipher suite. */
export class GbaPsk implements PskSource {
  readonly scheme = 'gba-psk';
  readonly #options: GbaPskOptions;
  readonly #nafIds = new Map<number, NafId>();
  readonly #counters = { found: 0, malformed: 0, unknown: 0, expired: 0, 'not-authorised': 0, unavailable: 0 };

  constructor(options: GbaPskOptions) {
    this.#options = options;
  }

  get counters(): Readonly<Record<string, number>> {
    return this.#counters;
  }

  lookUp({ identity, cipherSuiteCode }: PskRequest): PskProof | undefined | Promise<PskProof | undefined> {
    const btid = identity.startsWith(PREFIX) ? identity.slice(PREFIX.length) : '';
    if (parseBtid(btid) === undefined) {
      this.#counters.malformed++;
      return undefined;
    }
    const { keys, gsids } = this.#options;
    const lookup = keys.find({ btid, nafId: this.#nafId(cipherSuiteCode), gsids });
    if (lookup instanceof Promise) return lookup.then((settled) => this.#proof(btid, settled));
    return this.#proof(btid, lookup);
  }

  isCurrent({ expiresAt = 0 }: Identity): boolean {
    return expiresAt > Date.now();
  }

  #proof(btid: string, lookup: KeyLookup): PskProof | undefined {
    this.#counters[lookup.outcome]++;
    if (lookup.outcome !== 'found') return undefined;
    const { info } = lookup;
    return { key: info.keys.meKeyMaterial, identity: identityOf(btid, info) };
  }

  /** One object a suite, so that the key cache knows the name at sight. */
  #nafId(cipherSuiteCode: number): NafId {
    const known = this.#nafIds.get(cipherSuiteCode);
    if (known !== undefined) return known;
    const { fqdn, organisation } = this.#options;
    const nafId = new NafId(fqdn, UaSecurityProtocolId.forTls(organisation, cipherSuiteCode));
    this.#nafIds.set(cipherSuiteCode, nafId);
    return nafId;
  }
}

function identityOf(btid: string, info: BootstrappingInfo): Identity {
  return {
    scheme: 'gba-psk',
    subject: btid,
    ...(info.impi === undefined ? {} : { impi: info.impi }),
    impus: [...new Set(info.securitySettings.flatMap((setting) => setting.uids))],
    securitySettings: info.securitySettings,
    expiresAt: info.expiresAt,
  };
}
