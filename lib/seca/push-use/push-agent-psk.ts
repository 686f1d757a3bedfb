import { PUSH_KEYS_NAME } from '../../../push/association/index.ts';
import { OsgateError } from '../../errors.ts';
import type { Renewal } from '../agent-keyring.ts';
import type { AssociationPsk, PskCredentials } from '../association/association-psk.ts';
import type { PushKeyring } from './push-keyring.ts';

export interface PushAgentPskOptions {
  readonly keyring: PushKeyring;
  /** Refuses a gateway that does not hint at keys of pushes. */
  readonly requireHint: boolean;
  /** What is used where there is no NAF SA, or the gateway does not want any. */
  readonly otherwise?: AssociationPsk | undefined;
}

/** The NAF SA of a push as the pre-shared key of an association, else other keys. */
export class PushAgentPsk implements AssociationPsk {
  readonly #options: PushAgentPskOptions;

  constructor(options: PushAgentPskOptions) {
    this.#options = options;
  }

  get runs(): number {
    return this.#options.otherwise?.runs ?? 0;
  }

  /** @throws OsgateError OSGATE_AGENT_NO_KEYS, OSGATE_AGENT_REFUSED for a hint without our keys, and what other keys throw */
  async lookUp(hint: string | undefined, cipherSuite: number, renew: Renewal = false): Promise<PskCredentials> {
    const { keyring, requireHint, otherwise } = this.#options;
    keyring.refuse(renew);
    const isWanted = !requireHint || hint?.split(';').some((name) => name.trim() === PUSH_KEYS_NAME) === true;
    const own = isWanted ? await keyring.preSharedKey() : undefined;
    // The name goes where that of a bootstrapping run goes: it is what may be refused.
    if (own !== undefined) return { identity: own.identity, key: own.key, expiresAt: own.expiresAt, btid: own.ptid };
    if (otherwise !== undefined) return otherwise.lookUp(hint, cipherSuite, renew);
    if (isWanted) throw keyring.noKeys();
    throw new OsgateError('OSGATE_AGENT_REFUSED', `the gateway does not hint at ${PUSH_KEYS_NAME}`);
  }
}
