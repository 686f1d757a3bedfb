import type { NafId } from '../../kmc/gba/index.ts';
import { nafPassword, type BootstrappedKeys } from './bootstrapped-keys.ts';
import type { KeyFile } from './key-file.ts';

/** Seconds before expiry at which keys count as expired, so that they do not end on the way. */
const EXPIRY_MARGIN_MILLISECONDS = 5000;

export interface AgentKeyringOptions {
  readonly impi: string;
  readonly nafId: NafId;
  /** Runs Ub. */
  readonly bootstrap: () => Promise<BootstrappedKeys>;
  readonly file?: KeyFile;
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly now?: () => number;
}

/** The agent's GBA keys: those it has, as long as they last, else those of a new bootstrapping run. */
export class AgentKeyring {
  readonly #options: AgentKeyringOptions;
  #keys: BootstrappedKeys | undefined;

  constructor(options: AgentKeyringOptions) {
    this.#options = options;
  }

  /** @param renew leaves what is there unused: the gateway does not know it any more */
  async keys(renew = false): Promise<BootstrappedKeys> {
    const { impi, file, bootstrap, now = Date.now } = this.#options;
    if (!renew) {
      this.#keys ??= await file?.load(impi);
      if (this.#keys !== undefined && this.#keys.expiresAt - EXPIRY_MARGIN_MILLISECONDS > now()) return this.#keys;
    }
    this.#keys = await bootstrap();
    await file?.save(this.#keys);
    return this.#keys;
  }

  /** Digest credentials for the gateway. */
  async credentials(renew = false): Promise<{ btid: string; password: string; expiresAt: number }> {
    const keys = await this.keys(renew);
    return { btid: keys.btid, password: nafPassword(keys, this.#options.nafId), expiresAt: keys.expiresAt };
  }
}
