import { KmcError } from '../errors.ts';
import type { DigestUser, DigestUserSource } from './digest-user-source.ts';
import { effectiveSettings } from './effective-settings.ts';
import type { SubscriberDatabase } from './subscriber-database.ts';

export interface LocalDigestUserSourceOptions {
  /** Closed with the source. */
  readonly database: SubscriberDatabase;
}

/** The subscriber database as a `DigestUserSource`: those of its subscribers who have a password. */
export class LocalDigestUserSource implements DigestUserSource {
  readonly #database: SubscriberDatabase;

  constructor({ database }: LocalDigestUserSourceOptions) {
    this.#database = database;
  }

  /** SQLite answers at once; an error becomes a rejection, as the port has it. */
  async find(username: string): Promise<DigestUser | undefined> {
    const subscriber = this.#read(Buffer.from(username, 'latin1').toString('utf8'));
    if (subscriber === undefined) return undefined;
    const { impi, impus, password, settings } = subscriber;
    return { impi, password, securitySettings: effectiveSettings(settings, impus).ussList };
  }

  async close(): Promise<void> {
    this.#database.close();
  }

  #read(impi: string): ReturnType<SubscriberDatabase['getPasswordSubscriber']> {
    try {
      return this.#database.getPasswordSubscriber(impi);
    } catch (error) {
      if (error instanceof KmcError && error.code === 'OSGATE_KMC_DATABASE') {
        throw new KmcError('OSGATE_KMC_UNAVAILABLE', error.message, { cause: error });
      }
      throw error;
    }
  }
}
