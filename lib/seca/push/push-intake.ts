import { createHash } from 'node:crypto';

import { LRUCache } from 'lru-cache';

import { formatPushPackage, type PushReceiver, type Reception } from '../../../push/index.ts';

export interface PushIntakeOptions {
  readonly receiver: Pick<PushReceiver, 'receive'>;
  /** Packages worked on at once, those included that wait for the application; a new one beyond is not looked at. */
  readonly maximumUnderWay: number;
  /** Replies kept for copies; the oldest one goes for a new one. */
  readonly repliesRemembered: number;
  readonly replyMilliseconds: number;
  /** Hears what became of each package that was worked on, once. */
  readonly events: {
    readonly received: (reception: Reception, source: string) => void;
    /** A fault of ours: the store, or the card. */
    readonly failed: (error: unknown) => void;
  };
}

export type IntakeAnswer =
  /** Proven; `reply` is the package for the gateway, where there is something to say. */
  | { readonly outcome: 'taken'; readonly reply?: Buffer }
  /** Not proven, or no package: nothing may be answered but that. */
  | { readonly outcome: 'refused' }
  | { readonly outcome: 'busy' }
  | { readonly outcome: 'failed' };

const HASH = 'sha256';

/**
 * Where the packages of all carriers come in. Carriers make copies, since answers get lost: a copy, octet for octet, gets the
 * answer of the first one. Only what was proven is remembered, so that strangers cannot push the rest out.
 */
export class PushIntake {
  readonly counters = {
    received: 0,
    copies: 0,
    busy: 0,
    failures: 0,
    /** By what became of them. */
    delivered: 0,
    duplicates: 0,
    refusedByApplication: 0,
    failedInApplication: 0,
    associationsMade: 0,
    synchronisationFailures: 0,
    ignored: {} as Partial<Record<Extract<Reception, { outcome: 'ignored' }>['reason'], number>>,
  };
  readonly #options: PushIntakeOptions;
  readonly #answers: LRUCache<string, IntakeAnswer>;
  #isClosed = false;
  readonly #underWay = new Map<string, Promise<IntakeAnswer>>();

  constructor(options: PushIntakeOptions) {
    this.#options = options;
    this.#answers = new LRUCache({ max: options.repliesRemembered, ttl: options.replyMilliseconds });
  }

  /** Packages that are worked on now. */
  get underWay(): number {
    return this.#underWay.size;
  }

  /**
   * Takes a push package. Never rejects.
   *
   * @param source where it came from, for the log
   */
  async take(octets: Buffer, source: string): Promise<IntakeAnswer> {
    const { maximumUnderWay } = this.#options;
    this.counters.received++;
    const key = createHash(HASH).update(octets).digest('base64');
    const known = this.#answers.get(key) ?? this.#underWay.get(key);
    if (known !== undefined) {
      this.counters.copies++;
      return known;
    }
    if (this.#isClosed || this.#underWay.size >= maximumUnderWay) {
      this.counters.busy++;
      return { outcome: 'busy' };
    }
    const work = this.#work(octets, source, key);
    this.#underWay.set(key, work);
    return work;
  }

  /** Takes a GPI envelope that came alone. */
  async takeEnvelope(envelope: Buffer, source: string): Promise<IntakeAnswer> {
    return this.take(formatPushPackage({ envelope }), source);
  }

  /** Takes nothing new; resolves when nothing is under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    while (this.#underWay.size > 0) await Promise.all(this.#underWay.values());
  }

  async #work(octets: Buffer, source: string, key: string): Promise<IntakeAnswer> {
    try {
      const { reception, reply } = await this.#options.receiver.receive(octets);
      this.#count(reception);
      this.#options.events.received(reception, source);
      if (reception.outcome === 'ignored') return { outcome: 'refused' };
      const answer: IntakeAnswer = { outcome: 'taken', ...(reply === undefined ? {} : { reply }) };
      this.#answers.set(key, answer);
      return answer;
    } catch (error) {
      this.counters.failures++;
      this.#options.events.failed(error);
      return { outcome: 'failed' };
    } finally {
      this.#underWay.delete(key);
    }
  }

  #count(reception: Reception): void {
    const { counters } = this;
    switch (reception.outcome) {
      case 'delivered':
        if (reception.duplicate) counters.duplicates++;
        else counters.delivered++;
        return;
      case 'refused':
        counters.refusedByApplication++;
        return;
      case 'failed':
        counters.failedInApplication++;
        return;
      case 'association-made':
        counters.associationsMade++;
        return;
      case 'synchronisation-failure':
        counters.synchronisationFailures++;
        return;
      case 'ignored':
        counters.ignored[reception.reason] = (counters.ignored[reception.reason] ?? 0) + 1;
    }
  }
}
