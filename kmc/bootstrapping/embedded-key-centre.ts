import { KmcError } from '../errors.ts';
import { deriveKsNaf } from '../gba/index.ts';
import type { BootstrappingInfo, BootstrappingInfoRequest, KeyCentre } from '../key-centre.ts';
import type { PushFunction, PushInfo, PushInfoRequest } from '../push-info/index.ts';
import type { UserSecuritySetting } from '../subscribers/user-security-settings.ts';
import type { BootstrappingFunction } from './bootstrapping-function.ts';

/** What one NAF may ask for. */
export interface NafRights {
  /** FQDNs that it may put into a NAF_Id. */
  readonly fqdns: readonly string[];
  /** GSIDs whose user security settings it may read. */
  readonly gsids: readonly number[];
  /** Whether it is told the private identity. */
  readonly revealImpi: boolean;
  /** Whether it may push: a Push-NAF (TS 33.223). Default false. */
  readonly push?: boolean;
  /** The group that it belongs to; settings of another group are not for it (TS 29.109 Annex A). */
  readonly nafGroup?: string;
}

/** The `KeyCentre` in the key centre's own process: what one NAF, with its rights, may see (TS 29.109 4.3, BIR). */
export class EmbeddedKeyCentre implements KeyCentre {
  readonly #bootstrapping: BootstrappingFunction;
  readonly #push: PushFunction | undefined;
  readonly #rights: NafRights;

  constructor(options: { bootstrapping: BootstrappingFunction; push?: PushFunction; rights: NafRights }) {
    this.#bootstrapping = options.bootstrapping;
    this.#push = options.push;
    this.#rights = options.rights;
  }

  async bootstrappingInfo(request: BootstrappingInfoRequest): Promise<BootstrappingInfo> {
    const { nafId, btid, gsids } = request;
    this.#authorise(request);
    const context = await this.#bootstrapping.context(btid);
    if (context === undefined) {
      throw new KmcError('OSGATE_KMC_TRANSACTION_IDENTIFIER_INVALID', 'no live context has that B-TID');
    }
    const { ks, rand, impi, expiresAt, createdAt, settings } = context;
    return {
      keys: { meKeyMaterial: deriveKsNaf({ ks, rand, impi, nafId }) },
      ...(this.#rights.revealImpi ? { impi } : {}),
      expiresAt,
      createdAt,
      securitySettings: this.#visible(settings.ussList, gsids),
    };
  }

  async pushInfo(request: PushInfoRequest): Promise<PushInfo> {
    if (this.#push === undefined || this.#rights.push !== true) {
      throw new KmcError('OSGATE_KMC_NOT_AUTHORISED', 'this NAF may not push');
    }
    this.#authorise(request);
    const { impi, securitySettings, ...info } = await this.#push.pushInfo(request);
    return {
      ...info,
      ...(this.#rights.revealImpi ? { impi } : {}),
      securitySettings: this.#visible(securitySettings, request.gsids),
    };
  }

  /** The bootstrapping function belongs to whoever made it. */
  async close(): Promise<void> {
    // Nothing is held here.
  }

  /** Throws OSGATE_KMC_NOT_AUTHORISED for the FQDN or the settings of others. */
  #authorise({ nafId, gsids }: Pick<BootstrappingInfoRequest, 'nafId' | 'gsids'>): void {
    const rights = this.#rights;
    if (!rights.fqdns.some((fqdn) => fqdn.toLowerCase() === nafId.fqdn.toLowerCase())) {
      throw new KmcError('OSGATE_KMC_NOT_AUTHORISED', `this NAF may not use the FQDN ${nafId.fqdn}`);
    }
    const forbidden = gsids.find((gsid) => !rights.gsids.includes(gsid));
    if (forbidden !== undefined) {
      throw new KmcError('OSGATE_KMC_NOT_AUTHORISED', `this NAF may not read the settings of GSID ${forbidden}`);
    }
  }

  #visible(settings: readonly UserSecuritySetting[], gsids: readonly number[]): UserSecuritySetting[] {
    return settings.filter((setting) => gsids.includes(setting.gsid) && this.#isForUs(setting));
  }

  #isForUs({ nafGroup }: UserSecuritySetting): boolean {
    return nafGroup === undefined || nafGroup === this.#rights.nafGroup;
  }
}
