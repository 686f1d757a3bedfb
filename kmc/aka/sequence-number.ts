import { KmcError } from '../errors.ts';

/** The highest 48-bit sequence number. */
export const MAXIMUM_SQN = (1n << 48n) - 1n;

/** Bits of an SQN that are its array index IND (TS 33.102 Annex C suggests 5: an array of 32). */
export const DEFAULT_IND_BITS = 5;

/** The largest jump of SEQ that a USIM accepts (TS 33.102 Annex C.3 suggests 2^28). */
export const DEFAULT_DELTA = 1n << 28n;

/**
 * The SQN of the next vector: SEQ + 1, with the caller's own IND (TS 33.102 C.1.2).
 *
 * A key centre draws with an IND of its own, so that its vectors do not outrun those of other domains.
 * Throws OSGATE_KMC_SYNCHRONISATION_FAILURE when SEQ is used up: a USIM never accepts a number that wrapped round.
 */
export function nextSqn(sqn: bigint, ind: number, indBits: number = DEFAULT_IND_BITS): bigint {
  requireSqn(sqn);
  requireInd(ind, indBits);
  const next = (sequenceOf(sqn, indBits) + 1n) << BigInt(indBits);
  if (next > MAXIMUM_SQN) {
    throw new KmcError('OSGATE_KMC_SYNCHRONISATION_FAILURE', 'the SQN is used up: a USIM accepts none after 2^48 - 1');
  }
  return next + BigInt(ind);
}

/**
 * The SQN_HE to go on from when a USIM has returned SQN_MS in a verified AUTS (TS 33.102 6.3.5).
 *
 * Stays where it is when the USIM would accept the next SQN anyhow; becomes SQN_MS otherwise.
 */
export function resynchronisedSqn(
  sqn: bigint,
  sqnMs: bigint,
  indBits: number = DEFAULT_IND_BITS,
  delta: bigint = DEFAULT_DELTA,
): bigint {
  const jump = sequenceOf(sqn, indBits) + 1n - sequenceOf(sqnMs, indBits);
  return jump > 0n && jump <= delta ? sqn : sqnMs;
}

/** SEQ: the part of an SQN that counts. */
export function sequenceOf(sqn: bigint, indBits: number = DEFAULT_IND_BITS): bigint {
  return sqn >> BigInt(indBits);
}

/** IND: the part of an SQN that says which entry of the USIM's array it belongs to. */
export function indexOf(sqn: bigint, indBits: number = DEFAULT_IND_BITS): number {
  return Number(sqn & ((1n << BigInt(indBits)) - 1n));
}

/** The 6 octets of an SQN, big endian. Throws OSGATE_KMC_INVALID_ARGUMENT unless 0 <= sqn < 2^48. */
export function formatSqn(sqn: bigint): Buffer {
  requireSqn(sqn);
  const octets = Buffer.alloc(6);
  octets.writeUIntBE(Number(sqn), 0, 6);
  return octets;
}

/** The SQN in 6 octets. Throws OSGATE_KMC_INVALID_ARGUMENT for any other length. */
export function parseSqn(octets: Uint8Array): bigint {
  if (octets.length !== 6) {
    throw new KmcError('OSGATE_KMC_INVALID_ARGUMENT', `an SQN has 6 octets, not ${octets.length}`);
  }
  return BigInt(Buffer.from(octets).readUIntBE(0, 6));
}

/** Throws OSGATE_KMC_INVALID_ARGUMENT unless the IND fits in its bits. */
export function requireInd(ind: number, indBits: number): void {
  if (!Number.isInteger(indBits) || indBits < 0 || indBits > 16) {
    throw new KmcError('OSGATE_KMC_INVALID_ARGUMENT', `IND has ${indBits} bits, not 0 to 16`);
  }
  if (!Number.isInteger(ind) || ind < 0 || ind >= 2 ** indBits) {
    throw new KmcError('OSGATE_KMC_INVALID_ARGUMENT', `IND ${ind} does not fit in ${indBits} bits`);
  }
}

function requireSqn(sqn: bigint): void {
  if (sqn < 0n || sqn > MAXIMUM_SQN) {
    throw new KmcError('OSGATE_KMC_INVALID_ARGUMENT', 'an SQN has 48 bits');
  }
}
