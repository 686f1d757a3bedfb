import type { SipRequest } from '../../sip/message/index.ts';
import type { AuthenticationResult, Authenticator } from './authenticator.ts';
import type { CachedDigestUser, DigestUserCache } from './digest-user-cache.ts';
import { DigestScheme } from './digest-scheme.ts';
import type { DigestClaim, DigestVerifierOptions } from './digest-verifier.ts';

export interface DigestAuthenticatorOptions extends DigestVerifierOptions {
  readonly users: DigestUserCache;
}

/**
 * SIP digest with the password of a static user, for agents without GBA (RFC 3261 22, RFC 8760). An unknown user gets the
 * same answer as a wrong password, after the same work: nobody can find out who is known.
 */
export class DigestAuthenticator extends DigestScheme implements Authenticator {
  readonly scheme = 'digest';
  readonly #users: DigestUserCache;

  constructor(options: DigestAuthenticatorOptions) {
    super(options);
    this.#users = options.users;
  }

  authenticate(request: SipRequest): AuthenticationResult | Promise<AuthenticationResult> {
    const claim = this.digest.claim(request);
    if ('outcome' in claim) return claim;
    const user = this.#users.find(claim.username);
    if (user instanceof Promise) return user.then((settled) => this.#verify(request, claim, settled));
    return this.#verify(request, claim, user);
  }

  #verify(request: SipRequest, claim: DigestClaim, user: CachedDigestUser | 'unavailable'): AuthenticationResult {
    if (user === 'unavailable') return this.digest.refuse(request, 'users-unavailable');
    const proof = user.proofs.get(claim.hash);
    if (proof === undefined) return this.digest.challenge(request, 'unsupported-credentials');
    const refusal = this.digest.check(request, claim, proof.ha1);
    if (!user.known) return this.digest.challenge(request, 'unknown-user');
    if (refusal !== undefined) return this.digest.challenge(request, refusal);
    return this.digest.accept(claim, proof.ha1, proof.identity);
  }
}
