import type { AuthenticationVector } from '../subscribers/subscriber-source.ts';
import { concealSqn } from './authentication-token.ts';
import type { AkaAlgorithm } from './milenage.ts';

export interface VectorInput {
  /** 16 octets, never used before. */
  readonly rand: Uint8Array;
  readonly sqn: bigint;
  /** 2 octets; the separation bit must be 0 for GBA. */
  readonly amf: Uint8Array;
}

/**
 * An authentication vector (TS 33.102 6.3.2): RAND, AUTN = (SQN xor AK) || AMF || MAC-A, XRES, CK, IK.
 *
 * Throws OSGATE_KMC_INVALID_ARGUMENT for a RAND, SQN or AMF of the wrong size.
 */
export function generateVector(algorithm: AkaAlgorithm, { rand, sqn, amf }: VectorInput): AuthenticationVector {
  const { res, ck, ik, ak } = algorithm.f2345(rand);
  const autn = Buffer.concat([concealSqn(sqn, ak), amf, algorithm.f1(rand, sqn, amf)]);
  return { rand: Buffer.from(rand), autn, xres: res, ck, ik };
}
