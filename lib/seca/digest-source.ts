import type { AgentKeyring } from './agent-keyring.ts';
import type { PushKeyring } from './push-use/push-keyring.ts';
import type { DigestIdentity } from './sip-js-digest.ts';

/** Where the agent has its name and password for the gateway from. */
export interface DigestSource {
  /** How many kinds of keys it may have to offer, one after the other. */
  readonly kinds: number;
  /** @param renew what was given last is refused */
  credentials(renew: boolean): Promise<DigestIdentity>;
}

/** By a B-TID and Ks_NAF (TS 24.109 5.2). */
export function bootstrappedDigest(keyring: AgentKeyring, gatewayFqdn: string): DigestSource {
  return {
    kinds: 1,
    credentials: async (renew) => {
      const { btid: username, password } = await keyring.credentials(renew);
      return { username, password, realm: `3GPP-bootstrapping@${gatewayFqdn}` };
    },
  };
}

/**
 * By the newest NAF SA of a push, else by other keys.
 *
 * `credentials` rejects with OSGATE_AGENT_NO_KEYS when there are neither.
 */
export function pushDigest(keyring: PushKeyring, otherwise: DigestSource | undefined): DigestSource {
  let last: string | undefined;
  return {
    kinds: otherwise === undefined ? 1 : 1 + otherwise.kinds,
    credentials: async (renew) => {
      if (renew && last !== undefined) keyring.refuse({ refused: last });
      const isOthersRefused = renew && last === undefined;
      const own = await keyring.digest();
      last = own?.username;
      if (own !== undefined) return own;
      if (otherwise === undefined) throw keyring.noKeys();
      return otherwise.credentials(isOthersRefused);
    },
  };
}
