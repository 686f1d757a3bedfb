import { NafId, UaSecurityProtocolId } from '../../../kmc/gba/index.ts';
import { OsgateError } from '../../errors.ts';
import type { AgentKeyring, Renewal } from '../agent-keyring.ts';
import { nafKey } from '../bootstrapped-keys.ts';
import type { AssociationPsk, PskCredentials } from './association-psk.ts';

export interface GbaPskOptions {
  readonly keyring: AgentKeyring;
  /** The FQDN in the NAF_Id. */
  readonly gatewayFqdn: string;
  /** Whose identifier for TLS is in the NAF_Id: 03 00 01 YY ZZ or 01 00 01 YY ZZ. */
  readonly organisation: 'OMA' | '3GPP';
  readonly identityForm: 'prefixed' | 'btid';
  /** Refuses a gateway that does not hint at GBA. */
  readonly requireHint: boolean;
}

/** The name of GBA keys in hints and identities (TS 24.109 5.3.3); `-uicc` and `-digest` are names of other keys. */
export const GBA_HINT = '3GPP-bootstrapping';

/** GBA keys as pre-shared keys of TLS and DTLS (TS 33.222 5.4, TS 24.109 5.3.3), the agent's side. */
export class GbaPsk implements AssociationPsk {
  readonly #options: GbaPskOptions;

  constructor(options: GbaPskOptions) {
    this.#options = options;
  }

  /** How often the keyring has run Ub. */
  get runs(): number {
    return this.#options.keyring.runs;
  }

  /**
   * The identity and the key for the suite that the gateway chose, on which the key depends (TS 33.220 H.3).
   *
   * @param hint the gateway's psk_identity_hint: names with semicolons between them
   * @param cipherSuite its IANA number
   * @throws OsgateError OSGATE_AGENT_REFUSED for a hint without GBA, and what bootstrapping throws
   */
  async lookUp(hint: string | undefined, cipherSuite: number, renew: Renewal = false): Promise<PskCredentials> {
    this.checkHint(hint);
    const { keyring, gatewayFqdn, organisation } = this.#options;
    const keys = await keyring.keys(renew);
    const { btid, expiresAt } = keys;
    const nafId = new NafId(gatewayFqdn, UaSecurityProtocolId.forTls(organisation, cipherSuite));
    return { identity: this.identity(btid), key: nafKey(keys, nafId), expiresAt, btid };
  }

  /** @throws OsgateError OSGATE_AGENT_REFUSED when the hint names no key that the agent has */
  checkHint(hint: string | undefined): void {
    if (!this.#options.requireHint) return;
    // Without the hint the peer may be one that knows keys of another kind, and nothing that it refuses tells of ours.
    if (hint?.split(';').some((name) => name.trim() === GBA_HINT) === true) return;
    const found = hint === undefined ? 'no hint' : JSON.stringify(hint.slice(0, 200));
    throw new OsgateError('OSGATE_AGENT_REFUSED', `the gateway does not hint at ${GBA_HINT}: ${found}`);
  }

  identity(btid: string): string {
    return this.#options.identityForm === 'prefixed' ? `${GBA_HINT};${btid}` : btid;
  }
}
