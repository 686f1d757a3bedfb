import { randomBytes } from 'node:crypto';

import { KmcError } from '../errors.ts';
import { deriveKs, deriveTmpi, formatBtid, isTmpi } from '../gba/index.ts';
import type { SubscriberAuthentication, SubscriberSource } from '../subscribers/subscriber-source.ts';
import type { UserSecuritySettings } from '../subscribers/user-security-settings.ts';
import type { ContextStore } from './context-store.ts';
import type { ChallengeLimiter } from './challenge-limiter.ts';

/** A challenge that waits for its answer. Secret but for RAND, AUTN and nonce. */
export interface Challenge {
  /** The digest username: an IMPI or a TMPI. */
  readonly identity: string;
  readonly impi: string;
  /** base64 of RAND || AUTN. */
  readonly nonce: string;
  readonly opaque: string;
  /** 16 octets. */
  readonly rand: Buffer;
  readonly xres: Buffer;
  readonly ck: Buffer;
  readonly ik: Buffer;
  readonly settings: UserSecuritySettings;
}

/** What a successful run left (TS 33.220 4.4.3). Secret. */
export interface BootstrappingContext {
  readonly btid: string;
  readonly impi: string;
  /** 32 octets. */
  readonly ks: Buffer;
  /** 16 octets. */
  readonly rand: Buffer;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly settings: UserSecuritySettings;
}

export interface BootstrappingFunctionOptions {
  readonly source: SubscriberSource;
  readonly challenges: ContextStore<Challenge>;
  readonly contexts: ContextStore<BootstrappingContext>;
  /** TMPI to IMPI; without it TMPIs are not served. */
  readonly temporaryIdentities?: ContextStore<string>;
  readonly limiter: ChallengeLimiter;
  /** The key centre's domain: the right-hand side of every B-TID. */
  readonly domain: string;
  /** For subscribers whose settings name no lifetime of their own. */
  readonly keyLifetimeSeconds: number;
  readonly challengeLifetimeSeconds: number;
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly now?: () => number;
  readonly random?: (octets: number) => Buffer;
}

/**
 * The bootstrapping server function (TS 33.220 4.4.2) without any HTTP: gives challenges out, takes each back once, and
 * keeps the contexts that come of them.
 */
export class BootstrappingFunction {
  readonly domain: string;
  readonly #options: BootstrappingFunctionOptions;
  readonly #now: () => number;
  readonly #random: (octets: number) => Buffer;

  constructor(options: BootstrappingFunctionOptions) {
    this.domain = options.domain;
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#random = options.random ?? randomBytes;
  }

  get servesTemporaryIdentities(): boolean {
    return this.#options.temporaryIdentities !== undefined;
  }

  /**
   * A new challenge for an IMPI or TMPI.
   *
   * @throws KmcError OSGATE_KMC_IDENTITY_UNKNOWN, OSGATE_KMC_OVERLOADED, OSGATE_KMC_UNAVAILABLE
   */
  async challenge(identity: string): Promise<Challenge> {
    const impi = await this.#impiOf(identity);
    this.#options.limiter.admit(impi);
    return this.#issue(identity, await this.#options.source.authenticationVector(impi));
  }

  /**
   * A new challenge after the agent's card refused the SQN of `refused` (TS 33.102 6.3.5).
   *
   * @throws KmcError OSGATE_KMC_SYNCHRONISATION_FAILURE for an AUTS that does not verify, and as {@link challenge}
   */
  async resynchronise(refused: Challenge, auts: Buffer): Promise<Challenge> {
    this.#options.limiter.admit(refused.impi);
    const answer = await this.#options.source.authenticationVector(refused.impi, { rand: refused.rand, auts });
    return this.#issue(refused.identity, answer);
  }

  /** The challenge with that nonce, which no second caller gets; undefined for one unknown, used or expired. */
  async take(nonce: string): Promise<Challenge | undefined> {
    return this.#options.challenges.take(nonce);
  }

  /** Makes Ks and B-TID of a challenge whose answer was right (TS 33.220 4.5.2). */
  async establish(challenge: Challenge): Promise<BootstrappingContext> {
    const { domain, contexts, temporaryIdentities, keyLifetimeSeconds } = this.#options;
    const { impi, rand, ck, ik, settings } = challenge;
    const createdAt = this.#now();
    // The agent is told whole seconds, so neither side may think otherwise.
    const lifetime = (settings.bsfInfo.lifeTime ?? keyLifetimeSeconds) * 1000;
    const expiresAt = Math.floor((createdAt + lifetime) / 1000) * 1000;
    const btid = formatBtid(rand, domain);
    const context = { btid, impi, ks: deriveKs(ck, ik), rand, createdAt, expiresAt, settings };
    await contexts.put(btid, context, expiresAt);
    await temporaryIdentities?.put(deriveTmpi({ ks: context.ks, rand, impi, domain }), impi, expiresAt);
    return context;
  }

  /** The live context of a B-TID. */
  async context(btid: string): Promise<BootstrappingContext | undefined> {
    const context = await this.#options.contexts.get(btid);
    return context !== undefined && context.expiresAt > this.#now() ? context : undefined;
  }

  async #impiOf(identity: string): Promise<string> {
    if (!isTmpi(identity)) return identity;
    const impi = await this.#options.temporaryIdentities?.get(identity);
    if (impi === undefined) throw new KmcError('OSGATE_KMC_IDENTITY_UNKNOWN', 'no subscriber has that TMPI');
    return impi;
  }

  async #issue(identity: string, { vector, impi, settings }: SubscriberAuthentication): Promise<Challenge> {
    const { rand, autn, xres, ck, ik } = vector;
    const nonce = Buffer.concat([rand, autn]).toString('base64');
    const opaque = this.#random(16).toString('hex');
    const challenge = { identity, impi, nonce, opaque, rand, xres, ck, ik, settings };
    const expiresAt = this.#now() + this.#options.challengeLifetimeSeconds * 1000;
    await this.#options.challenges.put(nonce, challenge, expiresAt);
    return challenge;
  }
}
