import { timingSafeEqual } from 'node:crypto';
import type { AkaAlgorithm } from './milenage.ts';
import { formatSqn, parseSqn } from './sequence-number.ts';

/** The parts of an AUTN (TS 33.102 6.3.2). */
export interface Autn {
  /** SQN xor AK, 6 octets. */
  readonly concealedSqn: Buffer;
  /** 2 octets. */
  readonly amf: Buffer;
  /** MAC-A, 8 octets. */
  readonly mac: Buffer;
}

/** What an AUTN tells a USIM that holds the key. */
export interface VerifiedAutn {
  readonly sqn: bigint;
  /** 2 octets. */
  readonly amf: Buffer;
}

/** The parts of an AUTN; undefined unless it has 16 octets. */
export function parseAutn(autn: Uint8Array): Autn | undefined {
  if (autn.length !== AUTN_OCTETS) return undefined;
  const octets = Buffer.from(autn);
  return { concealedSqn: octets.subarray(0, 6), amf: octets.subarray(6, 8), mac: octets.subarray(8) };
}

/**
 * The USIM's look at an AUTN (TS 33.102 6.3.3): the SQN and AMF in it, or undefined when it is malformed or its MAC-A
 * is wrong, in which case the network is not the home network. Whether the SQN is fresh is for an `SqnArray` to say.
 */
export function verifyAutn(algorithm: AkaAlgorithm, rand: Uint8Array, autn: Uint8Array): VerifiedAutn | undefined {
  const parts = parseAutn(autn);
  if (parts === undefined || rand.length !== RAND_OCTETS) return undefined;
  const sqn = revealSqn(parts.concealedSqn, algorithm.f2345(rand).ak);
  return timingSafeEqual(algorithm.f1(rand, sqn, parts.amf), parts.mac) ? { sqn, amf: parts.amf } : undefined;
}

/**
 * AUTS = (SQN_MS xor AK*) || MAC-S, 14 octets (TS 33.102 6.3.3). MAC-S is made with AMF 0000, whatever the subscriber's.
 *
 * Throws OSGATE_KMC_INVALID_ARGUMENT for a RAND or an SQN of the wrong size.
 */
export function buildAuts(algorithm: AkaAlgorithm, rand: Uint8Array, sqnMs: bigint): Buffer {
  return Buffer.concat([concealSqn(sqnMs, algorithm.f5Star(rand)), algorithm.f1Star(rand, sqnMs, AUTS_AMF)]);
}

/** SQN_MS from an AUTS (TS 33.102 6.3.5), or undefined when the AUTS is malformed or its MAC-S is wrong. */
export function verifyAuts(algorithm: AkaAlgorithm, rand: Uint8Array, auts: Uint8Array): bigint | undefined {
  if (auts.length !== AUTS_OCTETS || rand.length !== RAND_OCTETS) return undefined;
  const octets = Buffer.from(auts);
  const sqnMs = revealSqn(octets.subarray(0, 6), algorithm.f5Star(rand));
  return timingSafeEqual(algorithm.f1Star(rand, sqnMs, AUTS_AMF), octets.subarray(6)) ? sqnMs : undefined;
}

/** SQN xor AK, 6 octets. */
export function concealSqn(sqn: bigint, ak: Uint8Array): Buffer {
  return formatSqn(sqn ^ parseSqn(ak));
}

const RAND_OCTETS = 16;
const AUTN_OCTETS = 16;
const AUTS_OCTETS = 14;
const AUTS_AMF = Buffer.alloc(2);

function revealSqn(concealedSqn: Uint8Array, ak: Uint8Array): bigint {
  return parseSqn(concealedSqn) ^ parseSqn(ak);
}
