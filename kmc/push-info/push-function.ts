import { KmcError } from '../errors.ts';
import type { ChallengeLimiter } from '../bootstrapping/challenge-limiter.ts';
import { authenticationTokenStar, deriveKs, deriveKsExtNaf, deriveKsIntNaf } from '../gba/index.ts';
import type { SubscriberAuthentication, SubscriberSource } from '../subscribers/subscriber-source.ts';
import type { GpiWriter, PushInfo, PushInfoRequest } from './push-info.ts';

export interface PushFunctionOptions {
  readonly source: SubscriberSource;
  readonly writer: GpiWriter;
  /** Pushes use SQNs up as challenges do, so they share the bound. */
  readonly limiter: ChallengeLimiter;
  /** The longest life of a key of a push, for subscribers whose settings name no lifetime of their own. */
  readonly keyLifetimeSeconds: number;
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly now?: () => number;
}

/** GBA Push in the key centre (TS 33.223, TS 24.109 A1.3 steps 3 to 7): one AKA run, one NAF key, one GPI; Ks is not kept. */
export class PushFunction {
  readonly #options: PushFunctionOptions;
  readonly #now: () => number;

  constructor(options: PushFunctionOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /**
   * Keys and GPI for one push. `securitySettings` has all of the subscriber's settings.
   *
   * @throws KmcError OSGATE_KMC_IDENTITY_UNKNOWN, OSGATE_KMC_NOT_AUTHORISED for a card without GBA_U,
   *   OSGATE_KMC_SYNCHRONISATION_FAILURE, OSGATE_KMC_OVERLOADED, OSGATE_KMC_UNAVAILABLE
   */
  async pushInfo(request: PushInfoRequest): Promise<PushInfo & { readonly impi: string }> {
    const { source, limiter, writer } = this.#options;
    const { mode, nafId, ptid, applicationLabel } = request;
    const impi = request.ueIdType === 'private' ? request.ueId : await source.privateIdentity(request.ueId);
    limiter.admit(impi);
    const { vector, settings } = await source.authenticationVector(impi, request.resynchronisation);
    if (mode === 'GBA_U' && settings.bsfInfo.uiccType !== 'GBA_U') {
      throw new KmcError('OSGATE_KMC_NOT_AUTHORISED', 'the subscriber’s card does not have GBA_U');
    }
    const { rand, ck, ik } = vector;
    const autn = mode === 'GBA_U' ? authenticationTokenStar(vector.autn, ik) : vector.autn;
    const createdAt = this.#now();
    const expiresAt = this.#expiry(createdAt, request.requestedExpiresAt, settings);
    const input = { ks: deriveKs(ck, ik), rand, impi, nafId };
    return {
      gpi: writer.write({ ...input, mode, autn, applicationLabel, ptid, expiresAt }),
      keys: {
        meKeyMaterial: deriveKsExtNaf(input),
        ...(mode === 'GBA_U' ? { uiccKeyMaterial: deriveKsIntNaf(input) } : {}),
      },
      impi,
      createdAt,
      expiresAt,
      securitySettings: settings.ussList,
    };
  }

  /** Whole seconds, for that is what the agent is told. */
  #expiry(createdAt: number, requested: number, { bsfInfo }: SubscriberAuthentication['settings']): number {
    const longest = createdAt + (bsfInfo.lifeTime ?? this.#options.keyLifetimeSeconds) * 1000;
    return Math.floor(Math.min(longest, requested) / 1000) * 1000;
  }
}
