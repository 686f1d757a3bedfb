import { computeHa1 } from '../../sip/digest/index.ts';
import type { SipRequest } from '../../sip/message/index.ts';
import type { AuthenticationResult, Authenticator } from './authenticator.ts';
import { DigestProofs } from './digest-proofs.ts';
import { DigestScheme } from './digest-scheme.ts';
import type { DigestClaim, DigestVerifierOptions } from './digest-verifier.ts';
import type { PushKeyCache, PushKeys, PushKeysLookup } from './push-keys.ts';

export interface PushDigestAuthenticatorOptions extends DigestVerifierOptions {
  readonly keys: PushKeyCache;
}

/**
 * SIP digest with the NAF SA of a push: the user name is a P-TID, the password is made of the NAF key
 * (docs/push-associations.md). A P-TID that is unknown or over gets the same answer as a wrong key, after the same work.
 */
export class PushDigestAuthenticator extends DigestScheme implements Authenticator {
  readonly scheme = 'push-digest';
  readonly #keys: PushKeyCache;
  readonly #proofs = new DigestProofs<PushKeys>(({ password, person }, { hash, username }) => ({
    ha1: computeHa1(hash, username, this.realm, password),
    identity: { scheme: 'push-digest', ...person, algorithm: hash },
  }));

  constructor(options: PushDigestAuthenticatorOptions) {
    super(options);
    this.#keys = options.keys;
  }

  authenticate(request: SipRequest): AuthenticationResult | Promise<AuthenticationResult> {
    const claim = this.digest.claim(request);
    if ('outcome' in claim) return claim;
    const lookup = this.#keys.find(claim.username);
    if (lookup instanceof Promise) return lookup.then((settled) => this.#verify(request, claim, settled));
    return this.#verify(request, claim, lookup);
  }

  #verify(request: SipRequest, claim: DigestClaim, lookup: PushKeysLookup): AuthenticationResult {
    if (lookup.outcome === 'unavailable') return this.digest.refuse(request, 'associations-unavailable');
    const { ha1, identity } = this.#proofs.of(lookup.keys, claim);
    const refusal = this.digest.check(request, claim, ha1);
    if (lookup.outcome === 'unknown') return this.digest.challenge(request, 'unknown-association');
    if (lookup.outcome === 'expired') return this.digest.challenge(request, 'expired-association');
    if (refusal !== undefined) return this.digest.challenge(request, refusal);
    return this.digest.accept(claim, ha1, identity);
  }
}
