import { computeHa1 } from '../../sip/digest/index.ts';
import type { SipRequest } from '../../sip/message/index.ts';
import type { AuthenticationResult, Authenticator } from './authenticator.ts';
import { DigestVerifier, type DigestClaim, type DigestVerifierOptions } from './digest-verifier.ts';
import type { Identity } from './identity.ts';
import type { PushKeyCache, PushKeys, PushKeysLookup } from './push-keys.ts';

export interface PushDigestAuthenticatorOptions extends DigestVerifierOptions {
  readonly keys: PushKeyCache;
}

/**
 * SIP digest with the NAF SA of a push: the user name is a P-TID, the password is made of the NAF key
 * (docs/push-associations.md). A P-TID that is unknown or over gets the same answer as a wrong key, after the same work.
 */
export class PushDigestAuthenticator implements Authenticator {
  readonly scheme = 'push-digest';
  readonly realm: string;
  readonly #keys: PushKeyCache;
  readonly #digest: DigestVerifier;
  /** What keys prove, by algorithm, for as long as the cache holds them. */
  readonly #proofs = new WeakMap<PushKeys, Map<string, Proof>>();

  constructor(options: PushDigestAuthenticatorOptions) {
    this.realm = options.realm;
    this.#keys = options.keys;
    this.#digest = new DigestVerifier(options);
  }

  /** How the counts of nonces went (see `DigestVerifier`). */
  get nonceCounters(): DigestVerifier['nonceCounters'] {
    return this.#digest.nonceCounters;
  }

  /** How full the table of live nonces is, from 0 to 1. */
  get nonceFill(): number {
    return this.#digest.nonceFill;
  }

  authenticate(request: SipRequest): AuthenticationResult | Promise<AuthenticationResult> {
    const claim = this.#digest.claim(request);
    if ('outcome' in claim) return claim;
    const lookup = this.#keys.find(claim.username);
    if (lookup instanceof Promise) return lookup.then((settled) => this.#verify(request, claim, settled));
    return this.#verify(request, claim, lookup);
  }

  #verify(request: SipRequest, claim: DigestClaim, lookup: PushKeysLookup): AuthenticationResult {
    if (lookup.outcome === 'unavailable') return this.#digest.refuse(request, 'associations-unavailable');
    const { ha1, identity } = this.#proofOf(lookup.keys, claim);
    const refusal = this.#digest.check(request, claim, ha1);
    if (lookup.outcome === 'unknown') return this.#digest.challenge(request, 'unknown-association');
    if (lookup.outcome === 'expired') return this.#digest.challenge(request, 'expired-association');
    if (refusal !== undefined) return this.#digest.challenge(request, refusal);
    return this.#digest.accept(claim, ha1, identity);
  }

  #proofOf(keys: PushKeys, { hash, username }: DigestClaim): Proof {
    let proofs = this.#proofs.get(keys);
    if (proofs === undefined) {
      proofs = new Map();
      this.#proofs.set(keys, proofs);
    }
    let proof = proofs.get(hash);
    if (proof === undefined) {
      const ha1 = computeHa1(hash, username, this.realm, keys.password);
      proof = { ha1, identity: { scheme: 'push-digest', ...keys.person, algorithm: hash } };
      proofs.set(hash, proof);
    }
    return proof;
  }
}

/** The same for every request that is signed with one key and algorithm. `ha1` is secret. */
interface Proof {
  readonly ha1: string;
  readonly identity: Identity;
}
