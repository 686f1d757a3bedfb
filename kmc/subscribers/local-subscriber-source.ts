import { randomBytes } from 'node:crypto';
import { verifyAuts } from '../aka/authentication-token.ts';
import { generateVector } from '../aka/authentication-vector.ts';
import { Milenage } from '../aka/milenage.ts';
import { DEFAULT_DELTA, DEFAULT_IND_BITS, nextSqn, requireInd, resynchronisedSqn } from '../aka/sequence-number.ts';
import { KmcError } from '../errors.ts';
import { effectiveSettings } from './effective-settings.ts';
import type { Subscriber } from './subscriber.ts';
import type { SubscriberDatabase } from './subscriber-database.ts';
import type { Resynchronisation, SubscriberAuthentication, SubscriberSource } from './subscriber-source.ts';

export interface LocalSubscriberSourceOptions {
  readonly database: SubscriberDatabase;
  /** IND of the vectors drawn here; another domain that draws for the same cards needs another. Default 31. */
  readonly ind?: number;
  /** Bits of IND. Default 5. */
  readonly indBits?: number;
  /** Largest jump of SEQ that the cards accept. Default 2^28. */
  readonly delta?: bigint;
  /** Gives so many random octets. */
  readonly random?: (octets: number) => Buffer;
}

/** The subscriber database as a `SubscriberSource`: its own AuC. The database is closed with it. */
export class LocalSubscriberSource implements SubscriberSource {
  readonly #database: SubscriberDatabase;
  readonly #ind: number;
  readonly #indBits: number;
  readonly #delta: bigint;
  readonly #random: (octets: number) => Buffer;

  /** Throws OSGATE_KMC_INVALID_ARGUMENT when the IND does not fit in its bits. */
  constructor({
    database,
    ind = DEFAULT_GBA_IND,
    indBits = DEFAULT_IND_BITS,
    delta = DEFAULT_DELTA,
    random = randomBytes,
  }: LocalSubscriberSourceOptions) {
    requireInd(ind, indBits);
    this.#database = database;
    this.#ind = ind;
    this.#indBits = indBits;
    this.#delta = delta;
    this.#random = random;
  }

  async authenticationVector(impi: string, resynchronisation?: Resynchronisation): Promise<SubscriberAuthentication> {
    const subscriber = await this.#draw(impi, resynchronisation);
    if (subscriber === undefined) throw new KmcError('OSGATE_KMC_IDENTITY_UNKNOWN', 'no subscriber has that IMPI');
    const { k, opc, sqn, amf, settings, impus } = subscriber;
    const vector = generateVector(new Milenage(k, opc), { rand: this.#random(16), sqn, amf });
    return { vector, impi, settings: effectiveSettings(settings, impus) };
  }

  async privateIdentity(impu: string): Promise<string> {
    const [impi, another] = await this.#available(async () => this.#database.privateIdentities(impu, 2));
    if (impi === undefined) {
      throw new KmcError('OSGATE_KMC_IDENTITY_UNKNOWN', 'no subscriber with a card has that public identity');
    }
    if (another !== undefined) {
      throw new KmcError('OSGATE_KMC_IDENTITY_UNKNOWN', 'several subscribers share that public identity');
    }
    return impi;
  }

  async close(): Promise<void> {
    this.#database.close();
  }

  async #draw(impi: string, resynchronisation: Resynchronisation | undefined): Promise<Subscriber | undefined> {
    return this.#available(async () =>
      this.#database.draw(impi, (subscriber) =>
        nextSqn(this.#startingSqn(subscriber, resynchronisation), this.#ind, this.#indBits),
      ),
    );
  }

  /** A database that fails is, to whoever asks, a subscriber database that is not there. */
  async #available<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof KmcError && error.code === 'OSGATE_KMC_DATABASE') {
        throw new KmcError('OSGATE_KMC_UNAVAILABLE', error.message, { cause: error });
      }
      throw error;
    }
  }

  /** SQN_HE, or what a verified AUTS makes of it (TS 33.102 6.3.5). */
  #startingSqn({ k, opc, sqn }: Subscriber, resynchronisation: Resynchronisation | undefined): bigint {
    if (resynchronisation === undefined) return sqn;
    const sqnMs = verifyAuts(new Milenage(k, opc), resynchronisation.rand, resynchronisation.auts);
    if (sqnMs === undefined) throw new KmcError('OSGATE_KMC_SYNCHRONISATION_FAILURE', 'AUTS did not verify');
    return resynchronisedSqn(sqn, sqnMs, this.#indBits, this.#delta);
  }
}

/** The last of the suggested 32, for mobile networks number theirs from 0. */
const DEFAULT_GBA_IND = 31;
