import {
  derivePushPassword,
  derivePushPsk,
  formatPushPskIdentity,
  pushRealm,
  type NafSecurityAssociation,
} from '../../../push/association/index.ts';
import { OsgateError } from '../../errors.ts';
import type { Renewal } from '../agent-keyring.ts';
import type { DigestIdentity } from '../sip-js-digest.ts';

export interface PushKeyringOptions {
  /** The newest live NAF SA with that gateway; asked each time, for another process may take pushes. */
  readonly newest: (gatewayFqdn: string) => Promise<NafSecurityAssociation | undefined>;
  readonly gatewayFqdn: string;
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly now?: () => number;
}

/** One that ends this soon would end on the way. */
const EXPIRY_MARGIN_MILLISECONDS = 5000;

/** What the agent makes of the newest NAF SA that a push of its gateway has left, to prove itself with afterwards. */
export class PushKeyring {
  readonly #options: PushKeyringOptions;
  readonly #now: () => number;
  /** The P-TID that the gateway has refused. A newer push brings another one. */
  #refused: string | undefined;

  constructor(options: PushKeyringOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** What the gateway refused once is not tried again. */
  refuse(renewal: Renewal): void {
    if (typeof renewal === 'object') this.#refused = renewal.refused;
  }

  /** For DTLS; undefined when no push has left a NAF SA that is good still. */
  async preSharedKey(): Promise<PushPskCredentials | undefined> {
    const association = await this.#newest();
    if (association === undefined) return undefined;
    const { ptid, nafKey, expiresAt } = association;
    return { identity: formatPushPskIdentity(ptid), key: derivePushPsk(nafKey), expiresAt, ptid };
  }

  /** For SIP digest; undefined as above. */
  async digest(): Promise<DigestIdentity | undefined> {
    const association = await this.#newest();
    if (association === undefined) return undefined;
    const { ptid, nafKey } = association;
    return {
      username: ptid,
      password: derivePushPassword(nafKey),
      realm: pushRealm(this.#options.gatewayFqdn),
    };
  }

  /** The error of an agent that has nothing else. */
  noKeys(): OsgateError {
    const { gatewayFqdn } = this.#options;
    const reason = this.#refused === undefined ? 'there is none' : 'the gateway did not take the last one';
    return new OsgateError(
      'OSGATE_AGENT_NO_KEYS',
      `no NAF SA of a push of ${gatewayFqdn} is good (${reason}): the next push brings one`,
    );
  }

  async #newest(): Promise<NafSecurityAssociation | undefined> {
    const found = await this.#options.newest(this.#options.gatewayFqdn);
    if (found === undefined || found.ptid === this.#refused) return undefined;
    return found.expiresAt - EXPIRY_MARGIN_MILLISECONDS > this.#now() ? found : undefined;
  }
}

export interface PushPskCredentials {
  readonly identity: string;
  /** 32 octets; secret. */
  readonly key: Buffer;
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly expiresAt: number;
  readonly ptid: string;
}
