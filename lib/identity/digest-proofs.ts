import type { DigestClaim } from './digest-verifier.ts';
import type { Identity } from './identity.ts';

/** The same for every request that is signed with one key and algorithm. `ha1` is secret. */
export interface DigestProof {
  readonly ha1: string;
  readonly identity: Identity;
}

/** What keys prove, by algorithm, for as long as somebody else holds the keys. */
export class DigestProofs<Keys extends object> {
  readonly #make: (keys: Keys, claim: DigestClaim) => DigestProof;
  readonly #proofs = new WeakMap<Keys, Map<string, DigestProof>>();

  constructor(make: (keys: Keys, claim: DigestClaim) => DigestProof) {
    this.#make = make;
  }

  of(keys: Keys, claim: DigestClaim): DigestProof {
    let proofs = this.#proofs.get(keys);
    if (proofs === undefined) {
      proofs = new Map();
      this.#proofs.set(keys, proofs);
    }
    let proof = proofs.get(claim.hash);
    if (proof === undefined) {
      proof = this.#make(keys, claim);
      proofs.set(claim.hash, proof);
    }
    return proof;
  }
}
