import { KmcError } from '../errors.ts';
import { DEFAULT_DELTA, DEFAULT_IND_BITS, indexOf, MAXIMUM_SQN, requireInd, sequenceOf } from './sequence-number.ts';

/** What a USIM says of a received SQN: which of the tests of TS 33.102 C.2.1 it failed, if any. */
export type SqnVerdict = 'accepted' | 'jump-too-large' | 'too-old' | 'not-fresh';

export interface SqnArrayOptions {
  /** Bits of IND; the array has 2^indBits entries. Default 5. */
  readonly indBits?: number;
  /** Largest jump of SEQ over the highest one accepted. Default 2^28. */
  readonly delta?: bigint;
  /** L: SEQ must be less than this far behind the highest one accepted. No limit where absent. */
  readonly ageLimit?: bigint;
  /** SQNs accepted before, as {@link SqnArray.accepted} gave them. */
  readonly accepted?: readonly bigint[];
}

/**
 * The USIM's memory of which sequence numbers it has accepted (TS 33.102 Annex C.2).
 *
 * Vectors of different domains may arrive out of order: each IND has an entry of its own.
 */
export class SqnArray {
  readonly indBits: number;
  readonly #delta: bigint;
  readonly #ageLimit: bigint | undefined;
  /** Highest SEQ accepted for each IND. */
  readonly #sequences: bigint[];

  /** Throws OSGATE_KMC_INVALID_ARGUMENT for a limit, a number of bits or a stored SQN that cannot be. */
  constructor({ indBits = DEFAULT_IND_BITS, delta = DEFAULT_DELTA, ageLimit, accepted = [] }: SqnArrayOptions = {}) {
    requireInd(0, indBits);
    if (delta < 1n || (ageLimit !== undefined && ageLimit < 1n)) {
      throw new KmcError('OSGATE_KMC_INVALID_ARGUMENT', 'the limits of an SQN array are positive');
    }
    if (accepted.some((sqn) => sqn < 0n || sqn > MAXIMUM_SQN)) {
      throw new KmcError('OSGATE_KMC_INVALID_ARGUMENT', 'an SQN has 48 bits');
    }
    this.indBits = indBits;
    this.#delta = delta;
    this.#ageLimit = ageLimit;
    this.#sequences = new Array<bigint>(2 ** indBits).fill(0n);
    for (const sqn of accepted) {
      const sequence = sequenceOf(sqn, indBits);
      if (sequence > this.#sequence(indexOf(sqn, indBits))) this.#sequences[indexOf(sqn, indBits)] = sequence;
    }
  }

  /** Tests an SQN and, if it passes, remembers it. */
  accept(sqn: bigint): SqnVerdict {
    const verdict = this.check(sqn);
    if (verdict === 'accepted') this.#sequences[indexOf(sqn, this.indBits)] = sequenceOf(sqn, this.indBits);
    return verdict;
  }

  /** Tests an SQN without remembering it, in the order of C.2.1: jump, age, freshness. */
  check(sqn: bigint): SqnVerdict {
    if (sqn < 0n || sqn > MAXIMUM_SQN) return 'jump-too-large';
    const sequence = sequenceOf(sqn, this.indBits);
    const highest = sequenceOf(this.sqnMs, this.indBits);
    if (sequence - highest > this.#delta) return 'jump-too-large';
    if (this.#ageLimit !== undefined && highest - sequence >= this.#ageLimit) return 'too-old';
    if (sequence <= this.#sequence(indexOf(sqn, this.indBits))) return 'not-fresh';
    return 'accepted';
  }

  /** SQN_MS: the highest SQN accepted anywhere in the array; what AUTS tells the key centre. */
  get sqnMs(): bigint {
    return this.accepted().reduce((highest, sqn) => (sqn > highest ? sqn : highest), 0n);
  }

  /** The SQN of each entry that has accepted one, for keeping between runs. */
  accepted(): bigint[] {
    const accepted: bigint[] = [];
    this.#sequences.forEach((sequence, ind) => {
      if (sequence > 0n) accepted.push((sequence << BigInt(this.indBits)) + BigInt(ind));
    });
    return accepted;
  }

  #sequence(ind: number): bigint {
    return this.#sequences[ind] ?? 0n;
  }
}
