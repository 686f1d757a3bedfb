import { timingSafeEqual } from 'node:crypto';

import type { BootstrappingFunction, Challenge } from '../bootstrapping/index.ts';
import { KmcError } from '../errors.ts';
import { BOOTSTRAPPING_INFO_TYPE, formatBootstrappingInfo } from './bootstrapping-info-xml.ts';
import { formatDigestParameters, parseDigestHeader, type DigestParameters } from './digest-header.ts';
import { computeUbResponse, computeUbRspauth, type UbDigestInput } from './ub-digest.ts';

export interface UbRequest {
  readonly method: string;
  /** The request target as it stood in the request line. */
  readonly target: string;
  readonly authorization: string | undefined;
  readonly userAgent: string | undefined;
}

export interface UbResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What became of a request, for log and metrics; nothing in it is secret. */
export type UbEvent =
  | { readonly outcome: 'challenged' | 'resynchronised'; readonly identity: string }
  | { readonly outcome: 'bootstrapped'; readonly impi: string; readonly btid: string }
  | { readonly outcome: 'refused'; readonly reason: UbRefusal; readonly identity?: string };

export type UbRefusal =
  | 'malformed'
  | 'unknown-identity'
  | 'stale-nonce'
  | 'wrong-response'
  | 'synchronisation-failure'
  | 'overloaded'
  | 'unavailable';

/** The product token by which both sides say that they know TMPIs (TS 24.109 Annex A). */
const TMPI_TOKEN = '3gpp-gba-tmpi';

const RETRY_AFTER_SECONDS = '5';
const BARE = new Set(['algorithm', 'qop', 'nc', 'stale']);
const BARE_IN_CHALLENGE = new Set(['algorithm', 'stale']);

/** The rules of Ub (TS 24.109 5.2 and Annex A), from a request to its answer; sockets are around it. */
export class UbHandler {
  readonly #bootstrapping: BootstrappingFunction;
  readonly #realm: string;
  readonly #onEvent: ((event: UbEvent) => void) | undefined;

  constructor(options: {
    bootstrapping: BootstrappingFunction;
    realm: string;
    onEvent?: ((event: UbEvent) => void) | undefined;
  }) {
    this.#bootstrapping = options.bootstrapping;
    this.#realm = options.realm;
    this.#onEvent = options.onEvent;
  }

  /** Never rejects. */
  async handle(request: UbRequest): Promise<UbResponse> {
    if (request.target !== '/') return this.#refusal(404, 'malformed');
    if (request.method !== 'GET') return { ...this.#refusal(405, 'malformed'), headers: { allow: 'GET' } };
    const parameters = request.authorization === undefined ? undefined : parseDigestHeader(request.authorization);
    const identity = parameters?.get('username') ?? '';
    if (parameters === undefined || identity === '' || !this.#isForUs(parameters, request)) {
      return this.#refusal(400, 'malformed');
    }
    try {
      if ((parameters.get('nonce') ?? '') === '') return await this.#firstRequest(identity);
      return await this.#answer(identity, parameters, request);
    } catch (error) {
      return this.#failure(error, identity);
    }
  }

  #isForUs(parameters: DigestParameters, request: UbRequest): boolean {
    const algorithm = parameters.get('algorithm');
    // No digest depends on the realm of a first request, and an agent may know the key centre by another name.
    const first = (parameters.get('nonce') ?? '') === '';
    return (
      (first || parameters.get('realm') === this.#realm) &&
      parameters.get('uri') === request.target &&
      (algorithm === undefined || algorithm === 'AKAv1-MD5')
    );
  }

  async #firstRequest(identity: string): Promise<UbResponse> {
    const challenge = await this.#bootstrapping.challenge(identity);
    this.#onEvent?.({ outcome: 'challenged', identity });
    return this.#challengeResponse(challenge, false);
  }

  async #answer(identity: string, parameters: DigestParameters, request: UbRequest): Promise<UbResponse> {
    const [nonce, cnonce, response] = ['nonce', 'cnonce', 'response'].map((name) => parameters.get(name) ?? '');
    if (nonce === undefined || cnonce === undefined || response === undefined) return this.#refusal(400, 'malformed');
    const wellFormed = parameters.get('qop') === 'auth-int' && parameters.get('nc') === '00000001' && cnonce !== '';
    if (!wellFormed || !/^[0-9a-f]{32}$/i.test(response)) return this.#refusal(400, 'malformed', identity);
    const challenge = await this.#bootstrapping.take(nonce);
    if (challenge?.identity !== identity) {
      // Unknown, used or too old: an honest agent that came late starts again with what it gets here.
      this.#onEvent?.({ outcome: 'refused', reason: 'stale-nonce', identity });
      return this.#challengeResponse(await this.#bootstrapping.challenge(identity), true);
    }
    const auts = parameters.get('auts');
    const digest: UbDigestInput = {
      username: identity,
      realm: this.#realm,
      password: auts === undefined ? challenge.xres : new Uint8Array(),
      nonce,
      nc: '00000001',
      cnonce,
      uri: request.target,
      body: '',
    };
    const expected = computeUbResponse({ ...digest, method: request.method });
    if (!timingSafeEqual(Buffer.from(expected), Buffer.from(response.toLowerCase()))) {
      this.#onEvent?.({ outcome: 'refused', reason: 'wrong-response', identity });
      return this.#challengeResponse(await this.#bootstrapping.challenge(identity), false);
    }
    return auts === undefined ? this.#success(challenge, digest) : this.#resynchronise(challenge, auts);
  }

  async #resynchronise(challenge: Challenge, auts: string): Promise<UbResponse> {
    const octets = Buffer.from(auts, 'base64');
    if (octets.length !== 14) return this.#refusal(400, 'malformed', challenge.identity);
    const next = await this.#bootstrapping.resynchronise(challenge, octets);
    this.#onEvent?.({ outcome: 'resynchronised', identity: challenge.identity });
    return this.#challengeResponse(next, false);
  }

  async #success(challenge: Challenge, digest: UbDigestInput): Promise<UbResponse> {
    const context = await this.#bootstrapping.establish(challenge);
    const body = formatBootstrappingInfo(context);
    const info = {
      qop: 'auth-int',
      rspauth: computeUbRspauth({ ...digest, body }),
      cnonce: digest.cnonce,
      nc: digest.nc,
      opaque: challenge.opaque,
      nonce: challenge.nonce,
    };
    this.#onEvent?.({ outcome: 'bootstrapped', impi: context.impi, btid: context.btid });
    return {
      status: 200,
      headers: {
        ...this.#serverHeader(),
        'content-type': BOOTSTRAPPING_INFO_TYPE,
        'authentication-info': formatDigestParameters(info, BARE),
        expires: new Date(context.expiresAt).toUTCString(),
        'cache-control': 'no-store',
      },
      body,
    };
  }

  #challengeResponse(challenge: Challenge, stale: boolean): UbResponse {
    const parameters = {
      realm: this.#realm,
      nonce: challenge.nonce,
      algorithm: 'AKAv1-MD5',
      qop: 'auth-int',
      opaque: challenge.opaque,
      stale: stale ? 'true' : undefined,
    };
    return {
      status: 401,
      headers: {
        ...this.#serverHeader(),
        'www-authenticate': `Digest ${formatDigestParameters(parameters, BARE_IN_CHALLENGE)}`,
        'cache-control': 'no-store',
      },
      body: '',
    };
  }

  #failure(error: unknown, identity: string): UbResponse {
    const code = error instanceof KmcError ? error.code : undefined;
    switch (code) {
      case 'OSGATE_KMC_IDENTITY_UNKNOWN':
        return this.#refusal(403, 'unknown-identity', identity);
      case 'OSGATE_KMC_SYNCHRONISATION_FAILURE':
        return this.#refusal(403, 'synchronisation-failure', identity);
      case 'OSGATE_KMC_OVERLOADED':
        return { ...this.#refusal(503, 'overloaded', identity), headers: { 'retry-after': RETRY_AFTER_SECONDS } };
      default:
        // A full store or a broken database: the agent may try again, the operator reads the log.
        return { ...this.#refusal(503, 'unavailable', identity), headers: { 'retry-after': RETRY_AFTER_SECONDS } };
    }
  }

  #refusal(status: number, reason: UbRefusal, identity?: string): UbResponse {
    this.#onEvent?.({ outcome: 'refused', reason, ...(identity === undefined ? {} : { identity }) });
    return { status, headers: this.#serverHeader(), body: '' };
  }

  #serverHeader(): Record<string, string> {
    return { server: this.#bootstrapping.servesTemporaryIdentities ? `osgate ${TMPI_TOKEN}` : 'osgate' };
  }
}
