import type { EdgeRefusal } from '../edge-events.ts';
import type { KeyedHash } from './keyed-hash.ts';
import { SourceTable } from './source-table.ts';

export interface OffenceOptions {
  /** At this score a source is banned. */
  readonly maximumScore: number;
  readonly halfLifeSeconds: number;
  readonly banSeconds: number;
  /** Sources whose scores are kept at once. */
  readonly maximumSources: number;
}

/**
 * What each outcome adds to a score. Everything that an honest agent can bring about weighs nothing: no credentials yet, a
 * nonce or a key that has ended, and faults on our own side. A replay can be an honest duplicate, an unknown user one whom
 * the key centre has forgotten; a wrong key is neither.
 */
export function offenceWeight(reason: EdgeRefusal): number {
  switch (reason) {
    case 'wrong-key':
      return 4;
    case 'unknown-user':
    case 'malformed-credentials':
      return 2;
    case 'replay':
      return 1;
    default:
      return 0;
  }
}

/** Columns of the table. */
const SCORE = 0;
const SCORED_AT = 1;
const BANNED_UNTIL = 2;

/** After so many half-lives nothing is left of a score below a few thousand. */
const FORGOTTEN_AFTER_HALF_LIVES = 10;

/** Scores of bad credentials that halve with time, and the bans that they lead to. */
export class Offences {
  readonly counters = { bans: 0, 'ban-table-full': 0 };
  readonly #options: OffenceOptions;
  readonly #table: SourceTable;

  constructor(options: OffenceOptions) {
    this.#options = options;
    this.#table = new SourceTable(options.maximumSources, 3);
  }

  isBanned(words: Uint32Array, hash: KeyedHash, now: number): boolean {
    // Most gateways have no offender most of the time.
    if (this.#table.size === 0) return false;
    const place = this.#table.find(words, hash, now);
    return place >= 0 && this.#read(place, BANNED_UNTIL) > now;
  }

  /** Bans in force. */
  banned(now: number): number {
    return this.#table.size === 0 ? 0 : this.#table.countAbove(BANNED_UNTIL, now);
  }

  add(words: Uint32Array, hash: KeyedHash, weight: number, now: number): void {
    const { halfLifeSeconds, maximumScore, banSeconds } = this.#options;
    const memory = Math.max(halfLifeSeconds * FORGOTTEN_AFTER_HALF_LIVES, banSeconds) * 1000;
    const place = this.#table.put(words, hash, now, now + memory);
    if (place < 0) {
      this.counters['ban-table-full']++;
      return;
    }
    const score = this.#scoreAt(place, now) + weight;
    this.#write(place, SCORE, score);
    this.#write(place, SCORED_AT, now);
    if (score < maximumScore || this.#read(place, BANNED_UNTIL) > now) return;
    this.#write(place, BANNED_UNTIL, now + banSeconds * 1000);
    this.counters.bans++;
  }

  /** A good credential pays off so much of the score. */
  forgive(words: Uint32Array, hash: KeyedHash, weight: number, now: number): void {
    if (this.#table.size === 0) return;
    const place = this.#table.find(words, hash, now);
    if (place < 0) return;
    this.#write(place, SCORE, Math.max(0, this.#scoreAt(place, now) - weight));
    this.#write(place, SCORED_AT, now);
  }

  sweep(now: number, places: number): void {
    if (this.#table.size > 0) this.#table.sweep(now, places);
  }

  #scoreAt(place: number, now: number): number {
    const halfLives = (now - this.#read(place, SCORED_AT)) / (this.#options.halfLifeSeconds * 1000);
    return this.#read(place, SCORE) * 0.5 ** halfLives;
  }

  #read(place: number, column: number): number {
    return this.#table.data[place * this.#table.columns + column] ?? 0;
  }

  #write(place: number, column: number, value: number): void {
    this.#table.data[place * this.#table.columns + column] = value;
  }
}
