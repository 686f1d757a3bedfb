import type { IncomingMessage } from 'node:http';

import type { Initiator } from '../../../push/index.ts';
import { isDigestScheme } from '../../../sip/digest/index.ts';
import type { PushInitiatorsConfig } from '../../config/push-initiators.ts';
import { loadTokenText } from '../../ops/index.ts';
import { AUTHENTICATION_REFUSALS, type AuthenticationRefusal } from './authentication-refusals.ts';
import { BearerTokens } from './bearer-tokens.ts';
import { clientCertificateOf, type ClientCertificate } from './client-certificate.ts';
import { HttpDigest } from './http-digest.ts';
import { initiatorsOf } from './initiators-of.ts';

export type Authentication =
  | {
      readonly ok: true;
      readonly initiator: Initiator;
      /** The value of Authentication-Info. */
      readonly info?: string;
    }
  | { readonly ok: false; readonly reason: AuthenticationRefusal };

/** Tells which initiator a request is of: by Authorization where there is one, else by the certificate of its connection. */
export class InitiatorAuthenticator {
  readonly refusals: Record<AuthenticationRefusal, number> = Object.fromEntries(
    Object.keys(AUTHENTICATION_REFUSALS).map((reason) => [reason, 0]),
  ) as Record<AuthenticationRefusal, number>;
  readonly #initiators: ReadonlyMap<string, Initiator>;
  readonly #certificates: ReadonlyMap<string, string>;
  readonly #tokens: BearerTokens;
  readonly #digest: HttpDigest;
  readonly #realm: string;

  private constructor(
    config: PushInitiatorsConfig,
    tokens: ReadonlyMap<string, string>,
    passwords: ReadonlyMap<string, string>,
  ) {
    this.#realm = config.fqdn;
    this.#initiators = new Map(initiatorsOf(config).map((initiator) => [initiator.name, initiator]));
    this.#certificates = new Map(
      config.initiators.flatMap(({ name, certificate }) =>
        certificate === undefined ? [] : [[certificate.toLowerCase(), name]],
      ),
    );
    this.#tokens = new BearerTokens(tokens);
    this.#digest = new HttpDigest({ realm: config.fqdn, ...config.digest, passwords });
  }

  /** Reads tokens and passwords. @throws OsgateError OSGATE_CONFIG_INVALID when one is missing or too short */
  static async open(config: PushInitiatorsConfig): Promise<InitiatorAuthenticator> {
    const tokens = new Map<string, string>();
    const passwords = new Map<string, string>();
    for (const { name, token, password } of config.initiators) {
      if (token !== undefined) tokens.set(name, await loadTokenText(token));
      if (password !== undefined) passwords.set(name, await loadTokenText(password));
    }
    return new InitiatorAuthenticator(config, tokens, passwords);
  }

  authenticate(request: IncomingMessage): Authentication {
    const { authorization } = request.headers;
    const outcome =
      authorization === undefined
        ? this.#byCertificate(clientCertificateOf(request.socket))
        : this.#byCredentials(authorization, request);
    if (!outcome.ok) this.refusals[outcome.reason]++;
    return outcome;
  }

  /** The values of WWW-Authenticate: what is on offer (RFC 9110 11.6.1). */
  challenges(reason: AuthenticationRefusal): string[] {
    const challenges: string[] = [];
    if (this.#digest.size > 0) challenges.push(this.#digest.challenge(reason === 'digest-stale'));
    const error = reason === 'token-wrong' ? ', error="invalid_token"' : '';
    if (this.#tokens.size > 0) challenges.push(`Bearer realm="${this.#realm}"${error}`);
    return challenges;
  }

  #byCredentials(authorization: string, { method = '', url = '' }: IncomingMessage): Authentication {
    if (isDigestScheme(authorization)) {
      if (this.#digest.size === 0) return refused('scheme-unsupported');
      const verdict = this.#digest.verify(authorization, method, url);
      return verdict.ok ? this.#found(verdict.name, 'digest-wrong', verdict.info) : verdict;
    }
    const [, scheme = '', credentials = ''] = /^([!#-'*+.^_`|~0-9A-Za-z-]+) +(\S+)$/.exec(authorization) ?? [];
    if (scheme === '') return refused('malformed-credentials');
    if (scheme.toLowerCase() !== 'bearer' || this.#tokens.size === 0) return refused('scheme-unsupported');
    return this.#found(this.#tokens.ownerOf(credentials), 'token-wrong');
  }

  #byCertificate(certificate: ClientCertificate | undefined): Authentication {
    if (certificate === undefined) return refused('no-credentials');
    if (!certificate.trusted) return refused('certificate-untrusted');
    const known = certificate.names.find((name) => this.#certificates.has(name));
    return this.#found(known === undefined ? undefined : this.#certificates.get(known), 'certificate-unknown');
  }

  #found(name: string | undefined, otherwise: AuthenticationRefusal, info?: string): Authentication {
    const initiator = name === undefined ? undefined : this.#initiators.get(name);
    if (initiator === undefined) return refused(otherwise);
    return { ok: true, initiator, ...(info === undefined ? {} : { info }) };
  }
}

function refused(reason: AuthenticationRefusal): Authentication {
  return { ok: false, reason };
}
