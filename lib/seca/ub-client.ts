import { randomBytes } from 'node:crypto';

import { Agent, request } from 'undici';

import { deriveKs } from '../../kmc/gba/index.ts';
import {
  computeUbResponse,
  computeUbRspauth,
  formatDigestParameters,
  parseBootstrappingInfo,
  parseDigestHeader,
  type DigestParameters,
} from '../../kmc/ub/index.ts';
import { equalDigests } from '../../sip/digest/index.ts';
import { OsgateError } from '../errors.ts';
import type { BootstrappedKeys } from './bootstrapped-keys.ts';
import type { Uicc } from './uicc.ts';

export interface UbClientOptions {
  /** Where the key centre serves Ub. */
  readonly url: string;
  /** The realm of the first request: the key centre's FQDN; the URL's host where absent. */
  readonly realm?: string;
  readonly impi: string;
  readonly uicc: Uicc;
  /** For each request of the run. */
  readonly timeoutMilliseconds: number;
  /** PEM: who signs the key centre's certificate, for https. */
  readonly authorities?: Buffer;
}

interface HttpResponse {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  readonly body: string;
}

const BARE = new Set(['algorithm', 'qop', 'nc']);
const MAXIMUM_BODY_CHARACTERS = 65_536;

/** The agent's side of Ub (TS 24.109 Annex A): bootstrapping with Digest AKAv1-MD5. */
export class UbClient {
  readonly #options: UbClientOptions;
  readonly #uri: string;
  readonly #realm: string;

  constructor(options: UbClientOptions) {
    this.#options = options;
    const url = new URL(options.url);
    this.#uri = url.pathname;
    this.#realm = options.realm ?? url.hostname;
  }

  /**
   * Runs Ub: challenge, AKA, answer; after a synchronisation failure once more.
   *
   * @throws OsgateError OSGATE_AGENT_NETWORK, OSGATE_AGENT_BOOTSTRAPPING, OSGATE_UICC
   */
  async bootstrap(): Promise<BootstrappedKeys> {
    const dispatcher = new Agent({
      connect: { ...(this.#options.authorities === undefined ? {} : { ca: this.#options.authorities }) },
    });
    try {
      return await this.#run(dispatcher);
    } finally {
      await dispatcher.close();
    }
  }

  async #run(dispatcher: Agent): Promise<BootstrappedKeys> {
    let challenge = await this.#firstChallenge(dispatcher);
    for (let resynchronised = false; ; resynchronised = true) {
      const { rand, autn, nonce } = challenge;
      const answer = await this.#options.uicc.authenticate(rand, autn);
      if (answer.outcome === 'authenticated') {
        const { response, cnonce } = await this.#send(dispatcher, challenge, { password: answer.res });
        return this.#readKeys(
          response,
          challenge,
          { password: answer.res, cnonce, nonce },
          deriveKs(answer.ck, answer.ik),
        );
      }
      if (answer.outcome === 'mac-failure') throw new OsgateError('OSGATE_UICC', answer.reason);
      if (resynchronised) throw refused('the key centre does not find back to our SQN');
      const auts = answer.auts.toString('base64');
      const { response } = await this.#send(dispatcher, challenge, { password: new Uint8Array(), auts });
      challenge = readChallenge(response, 'after AUTS');
    }
  }

  async #firstChallenge(dispatcher: Agent): Promise<UbChallenge> {
    const first = { username: this.#options.impi, realm: this.#realm, nonce: '', uri: this.#uri, response: '' };
    return readChallenge(await this.#get(dispatcher, formatDigestParameters(first, BARE)), 'to our first request');
  }

  async #send(
    dispatcher: Agent,
    challenge: UbChallenge,
    proof: { password: Uint8Array; auts?: string },
  ): Promise<{ response: HttpResponse; cnonce: string }> {
    const cnonce = randomBytes(16).toString('hex');
    const { realm, nonce, opaque } = challenge;
    const username = this.#options.impi;
    const nc = '00000001';
    const uri = this.#uri;
    const digest = { username, realm, password: proof.password, nonce, nc, cnonce, uri, body: '', method: 'GET' };
    const authorization = formatDigestParameters(
      {
        username,
        realm,
        nonce,
        uri,
        qop: 'auth-int',
        nc,
        cnonce,
        response: computeUbResponse(digest),
        opaque,
        algorithm: 'AKAv1-MD5',
        auts: proof.auts,
      },
      BARE,
    );
    return { response: await this.#get(dispatcher, authorization), cnonce };
  }

  #readKeys(
    response: HttpResponse,
    challenge: UbChallenge,
    proof: { password: Uint8Array; cnonce: string; nonce: string },
    ks: Buffer,
  ): BootstrappedKeys {
    if (response.status !== 200) throw refused(`the key centre answered ${response.status}`);
    const info = parseDigestHeader(response.header('authentication-info') ?? '', 'none');
    const expected = computeUbRspauth({
      username: this.#options.impi,
      realm: challenge.realm,
      password: proof.password,
      nonce: proof.nonce,
      nc: '00000001',
      cnonce: proof.cnonce,
      uri: this.#uri,
      body: response.body,
    });
    const given = info?.get('rspauth') ?? '';
    if (!equalDigests(expected, given)) {
      throw refused('the answer does not prove that it comes from the key centre (rspauth)');
    }
    const document = parseBootstrappingInfo(response.body);
    if (document === undefined) throw refused('the key centre answered what is no bootstrapping information');
    // With the key centre's clock in hand the lifetime does not depend on ours.
    const offset = document.currentTime === undefined ? 0 : Date.now() - document.currentTime;
    const { btid, expiresAt } = document;
    return { impi: this.#options.impi, btid, ks, rand: challenge.rand, expiresAt: expiresAt + offset };
  }

  async #get(dispatcher: Agent, authorization: string): Promise<HttpResponse> {
    const { url, timeoutMilliseconds } = this.#options;
    try {
      const response = await request(url, {
        dispatcher,
        method: 'GET',
        headers: { authorization: `Digest ${authorization}`, 'user-agent': 'osgate 3gpp-gba-tmpi', accept: '*/*' },
        signal: AbortSignal.timeout(timeoutMilliseconds),
      });
      const body = await response.body.text();
      if (body.length > MAXIMUM_BODY_CHARACTERS) throw refused('the answer is too long');
      const header = (name: string): string | undefined => {
        const value = response.headers[name];
        return Array.isArray(value) ? value[0] : value;
      };
      return { status: response.statusCode, header, body };
    } catch (error) {
      if (error instanceof OsgateError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new OsgateError('OSGATE_AGENT_NETWORK', `no answer from the key centre: ${reason}`, { cause: error });
    }
  }
}

interface UbChallenge {
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | undefined;
  /** 16 octets. */
  readonly rand: Buffer;
  /** 16 octets. */
  readonly autn: Buffer;
}

function readChallenge(response: HttpResponse, when: string): UbChallenge {
  if (response.status !== 401) throw refused(`the key centre answered ${response.status} ${when}`);
  const parameters: DigestParameters | undefined = parseDigestHeader(response.header('www-authenticate') ?? '');
  const realm = parameters?.get('realm');
  const nonce = parameters?.get('nonce');
  const qop = parameters
    ?.get('qop')
    ?.split(',')
    .map((token) => token.trim());
  if (realm === undefined || nonce === undefined || parameters?.get('algorithm') !== 'AKAv1-MD5') {
    throw refused('the challenge is none of AKAv1-MD5');
  }
  if (qop?.includes('auth-int') !== true) throw refused('the challenge does not offer auth-int');
  const octets = Buffer.from(nonce, 'base64');
  if (octets.length < 32) throw refused('the nonce holds no RAND and AUTN');
  const opaque = parameters.get('opaque');
  return { realm, nonce, opaque, rand: octets.subarray(0, 16), autn: octets.subarray(16, 32) };
}

function refused(message: string): OsgateError {
  return new OsgateError('OSGATE_AGENT_BOOTSTRAPPING', message);
}
