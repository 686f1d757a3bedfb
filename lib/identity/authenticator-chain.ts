import type { SipRequest } from '../../sip/message/index.ts';
import type { Flow } from '../../sip/transport/transport.ts';
import type { AuthenticationResult, Authenticator } from './authenticator.ts';
import { channelIdentity, isSameSubscriber } from './channel-peer.ts';
import type { Identity } from './identity.ts';
import { statusOf } from './refusal-reasons.ts';

export interface AuthenticatorChainOptions {
  /** In the order in which they are asked. */
  readonly authenticators: readonly Authenticator[];
  /** Methods that need no proof; none by default, so that every other one, known or not, is challenged. */
  readonly unauthenticatedMethods?: readonly string[];
}

/** Asks authenticators in turn until one knows the peer. */
export class AuthenticatorChain {
  /** The realms of its digest authenticators, whose credentials are for the gateway alone. */
  readonly realms: readonly string[];
  readonly #authenticators: readonly Authenticator[];
  readonly #excused: ReadonlySet<string>;

  constructor({ authenticators, unauthenticatedMethods = [] }: AuthenticatorChainOptions) {
    this.#authenticators = authenticators;
    this.#excused = new Set(unauthenticatedMethods);
    this.realms = authenticators.flatMap(({ realm }) => (realm === undefined ? [] : [realm]));
  }

  /**
   * The first proof or refusal wins. A challenge for want of credentials is given only when no later authenticator
   * accepts the peer, and not at all for an excused method; it offers the realms of all who would challenge (RFC 3261 22.3).
   */
  authenticate(request: SipRequest, flow: Flow): AuthenticationResult | Promise<AuthenticationResult> {
    const result = this.#ask(0, undefined, request, flow);
    if (flow.peer.association === undefined) return result;
    if (result instanceof Promise) return result.then((settled) => checkChannel(settled, request, flow));
    return checkChannel(result, request, flow);
  }

  #ask(
    start: number,
    challenge: Challenge | undefined,
    request: SipRequest,
    flow: Flow,
  ): AuthenticationResult | Promise<AuthenticationResult> {
    let kept = challenge;
    for (let index = start; index < this.#authenticators.length; index++) {
      const result = this.#authenticators[index]?.authenticate(request, flow);
      if (result === undefined) continue;
      if (result instanceof Promise) {
        const before = kept;
        return result.then((settled) =>
          isFinal(settled) ? settled : this.#ask(index + 1, joined(before, challengeOf(settled)), request, flow),
        );
      }
      if (isFinal(result)) return result;
      kept = joined(kept, challengeOf(result));
    }
    if (this.#excused.has(request.method)) {
      return { outcome: 'authenticated', identity: { scheme: 'none', subject: flow.peer.address, impus: [] } };
    }
    return kept ?? { outcome: 'not-applicable' };
  }
}

/** One association has one subscriber: who has the channel of one must not speak for another through it. */
function checkChannel(result: AuthenticationResult, request: SipRequest, { peer }: Flow): AuthenticationResult {
  if (result.outcome !== 'authenticated') return result;
  const channel = BY_DIGEST.has(result.identity.scheme) ? channelIdentity(peer, Date.now()) : undefined;
  if (channel === undefined || isSameSubscriber(channel, result.identity)) return result;
  const reason = 'channel-mismatch';
  return { outcome: 'refused', reason, response: request.createResponse(statusOf(reason)) };
}

const BY_DIGEST: ReadonlySet<Identity['scheme']> = new Set(['digest', 'gba-digest', 'push-digest']);

function isFinal(result: AuthenticationResult): boolean {
  return result.outcome !== 'not-applicable' && !(result.outcome === 'challenge' && result.reason === 'no-credentials');
}

type Challenge = Extract<AuthenticationResult, { outcome: 'challenge' }>;

function challengeOf(result: AuthenticationResult): Challenge | undefined {
  return result.outcome === 'challenge' ? result : undefined;
}

/** Adds the fields of a further challenge to the first one; of another status, which cannot be told too, it is left out. */
function joined(first: Challenge | undefined, further: Challenge | undefined): Challenge | undefined {
  if (first === undefined || further === undefined) return first ?? further;
  if (further.response.status !== first.response.status) return first;
  for (const name of CHALLENGES) {
    for (const value of further.response.headers(name)) first.response.append(name, value);
  }
  return first;
}

const CHALLENGES = ['Proxy-Authenticate', 'WWW-Authenticate'];
