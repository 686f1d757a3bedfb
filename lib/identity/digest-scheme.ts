import { DigestVerifier, type DigestVerifierOptions } from './digest-verifier.ts';

/** What authenticators by digest have in common, whatever the secret is: the verifier, and what is told of its nonces. */
export abstract class DigestScheme {
  readonly realm: string;
  protected readonly digest: DigestVerifier;

  constructor(options: DigestVerifierOptions) {
    this.realm = options.realm;
    this.digest = new DigestVerifier(options);
  }

  /** How the counts of nonces went (see `DigestVerifier`). */
  get nonceCounters(): DigestVerifier['nonceCounters'] {
    return this.digest.nonceCounters;
  }

  /** How full the table of live nonces is, from 0 to 1. */
  get nonceFill(): number {
    return this.digest.nonceFill;
  }
}
