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

/** Which keys will not do: all that are there, or those of one B-TID, which somebody else may have replaced meanwhile. */
export type Renewal = boolean | { readonly refused: string };

/** The agent's GBA keys: those it has, as long as they last, else those of a new bootstrapping run. */
export class AgentKeyring {
  readonly #options: AgentKeyringOptions;
  #keys: BootstrappedKeys | undefined;
  #running: Promise<BootstrappedKeys> | undefined;
  #runs = 0;

  constructor(options: AgentKeyringOptions) {
    this.#options = options;
  }

  /** How often Ub was run. */
  get runs(): number {
    return this.#runs;
  }

  /** @param renew leaves what is there unused: the gateway does not know it any more */
  async keys(renew: Renewal = false): Promise<BootstrappedKeys> {
    const { impi, file, now = Date.now } = this.#options;
    // Several associations may find at once that they need new keys: one run serves them all.
    if (this.#running !== undefined) return this.#running;
    if (renew !== true) {
      this.#keys ??= await file?.load(impi);
      const keys = this.#keys;
      const isRefused = renew !== false && keys?.btid === renew.refused;
      if (keys !== undefined && !isRefused && keys.expiresAt - EXPIRY_MARGIN_MILLISECONDS > now()) return keys;
    }
    this.#running ??= this.#bootstrap();
    return this.#running;
  }

  /** Digest credentials for the gateway. */
  async credentials(renew = false): Promise<{ btid: string; password: string; expiresAt: number }> {
    const keys = await this.keys(renew);
    return { btid: keys.btid, password: nafPassword(keys, this.#options.nafId), expiresAt: keys.expiresAt };
  }

  async #bootstrap(): Promise<BootstrappedKeys> {
    try {
      this.#runs++;
      const keys = await this.#options.bootstrap();
      this.#keys = keys;
      await this.#options.file?.save(keys);
      return keys;
    } finally {
      this.#running = undefined;
    }
  }
}
