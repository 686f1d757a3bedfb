import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import { KmcError, NafId, UaSecurityProtocolId, type KeyCentre } from '../../kmc/index.ts';
import type { GatewayConfig } from '../config/index.ts';

/** An answer is believed this long, so that whoever asks for readiness cannot load the key centre. */
const BELIEVED_MILLISECONDS = 2000;

/** Readiness is asked for with a timeout of a second or more everywhere. */
const PATIENCE_MILLISECONDS = 1000;

/** Finds out whether the key centre answers, by asking for the keys of a B-TID that nobody has. */
export class KeyCentreProbe {
  readonly #keyCentre: KeyCentre;
  readonly #nafId: NafId | undefined;
  #asked: Promise<boolean> | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(keyCentre: KeyCentre, config: GatewayConfig) {
    this.#keyCentre = keyCentre;
    this.#nafId = nafIdOf(config);
  }

  /** True as well where no listener needs a key centre. */
  async reachable(): Promise<boolean> {
    if (this.#nafId === undefined) return true;
    const now = performance.now();
    if (this.#asked === undefined || now - this.#askedAt > BELIEVED_MILLISECONDS) {
      this.#askedAt = now;
      this.#asked = this.#ask(this.#nafId);
    }
    return this.#asked;
  }

  async #ask(nafId: NafId): Promise<boolean> {
    const btid = `${randomBytes(16).toString('base64')}@probe.invalid`;
    const answered = this.#keyCentre.bootstrappingInfo({ btid, nafId, gsids: [] }).then(
      () => true,
      // Any answer but this one, "no such B-TID" above all, came from a key centre that works.
      (error: unknown) => error instanceof KmcError && error.code !== 'OSGATE_KMC_UNAVAILABLE',
    );
    const limit = new AbortController();
    const late = delay(PATIENCE_MILLISECONDS, false, { signal: limit.signal, ref: false }).catch(() => false);
    try {
      return await Promise.race([answered, late]);
    } finally {
      limit.abort();
    }
  }
}

function nafIdOf({ sec1 }: GatewayConfig): NafId | undefined {
  for (const listener of sec1.sip) {
    for (const authenticator of listener.authenticators) {
      if (authenticator.type !== 'gba-digest') continue;
      return new NafId(listener.fqdn, UaSecurityProtocolId.parse(authenticator.uaSecurityProtocolId));
    }
  }
  return undefined;
}
