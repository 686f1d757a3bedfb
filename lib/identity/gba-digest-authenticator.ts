import { nafKeyPassword, parseBtid, type NafId } from '../../kmc/gba/index.ts';
import type { BootstrappingInfo } from '../../kmc/key-centre.ts';
import { computeHa1 } from '../../sip/digest/index.ts';
import type { SipRequest } from '../../sip/message/index.ts';
import type { AuthenticationResult, Authenticator } from './authenticator.ts';
import { DigestProofs } from './digest-proofs.ts';
import { DigestScheme } from './digest-scheme.ts';
import type { DigestClaim, DigestVerifierOptions } from './digest-verifier.ts';
import type { Identity } from './identity.ts';
import type { KeyCache, KeyLookup } from './key-cache.ts';

/** The realm is `3GPP-bootstrapping@` and the gateway's FQDN, usually (TS 24.109 5.2). */
export interface GbaDigestAuthenticatorOptions extends DigestVerifierOptions {
  readonly nafId: NafId;
  readonly keys: KeyCache;
  readonly gsids: readonly number[];
}

/** SIP digest with a GBA key: the user name is a B-TID, the password the NAF key in base64 (TS 33.220, TS 24.109 5.2). */
export class GbaDigestAuthenticator extends DigestScheme implements Authenticator {
  readonly scheme = 'gba-digest';
  readonly #options: GbaDigestAuthenticatorOptions;
  readonly #proofs = new DigestProofs<BootstrappingInfo>((info, claim) => ({
    ha1: computeHa1(claim.hash, claim.username, this.realm, nafKeyPassword(info.keys.meKeyMaterial)),
    identity: identityOf(claim, info),
  }));

  constructor(options: GbaDigestAuthenticatorOptions) {
    super(options);
    this.#options = options;
  }

  authenticate(request: SipRequest): AuthenticationResult | Promise<AuthenticationResult> {
    const claim = this.digest.claim(request);
    if ('outcome' in claim) return claim;
    const { keys, nafId, gsids } = this.#options;
    const wanted = { btid: claim.username, nafId, gsids };
    const known = keys.known(wanted);
    if (known !== undefined) return this.#decide(request, claim, known);
    if (parseBtid(claim.username) === undefined) return this.digest.challenge(request, 'unknown-user');
    const lookup = keys.find(wanted);
    if (lookup instanceof Promise) return lookup.then((settled) => this.#decide(request, claim, settled));
    return this.#decide(request, claim, lookup);
  }

  #decide(request: SipRequest, claim: DigestClaim, lookup: KeyLookup): AuthenticationResult {
    switch (lookup.outcome) {
      case 'unknown':
        return this.digest.challenge(request, 'unknown-user');
      case 'expired':
        return this.digest.challenge(request, 'expired-key');
      case 'not-authorised':
        return this.digest.refuse(request, 'not-authorised');
      case 'unavailable':
        return this.digest.refuse(request, 'key-centre-unavailable');
      case 'found':
        return this.#verify(request, claim, lookup.info);
    }
  }

  #verify(request: SipRequest, claim: DigestClaim, info: BootstrappingInfo): AuthenticationResult {
    const { ha1, identity } = this.#proofs.of(info, claim);
    const refusal = this.digest.check(request, claim, ha1);
    if (refusal !== undefined) return this.digest.challenge(request, refusal);
    return this.digest.accept(claim, ha1, identity);
  }
}

function identityOf(claim: DigestClaim, info: BootstrappingInfo): Identity {
  return {
    scheme: 'gba-digest',
    subject: claim.username,
    algorithm: claim.hash,
    ...(info.impi === undefined ? {} : { impi: info.impi }),
    impus: [...new Set(info.securitySettings.flatMap((setting) => setting.uids))],
    securitySettings: info.securitySettings,
    expiresAt: info.expiresAt,
  };
}
