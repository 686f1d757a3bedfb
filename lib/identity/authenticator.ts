import type { SipRequest, SipResponse } from '../../sip/message/message.ts';
import type { Flow } from '../../sip/transport/transport.ts';
import type { Identity } from './identity.ts';
import type { RefusalReason } from './refusal-reasons.ts';

export type AuthenticationResult =
  /** `decorate` adds what proves the gateway to the agent (Authentication-Info) to a final response. */
  | { readonly outcome: 'authenticated'; readonly identity: Identity; decorate?(response: SipResponse): void }
  /** Each reason is a metric of its own: stale is not failed. The peer may try again: `response` is the challenge (401 or 407), ready to send. */
  | { readonly outcome: 'challenge'; readonly reason: RefusalReason; readonly response: SipResponse }
  /** The peer may not: `response` says so. */
  | { readonly outcome: 'refused'; readonly reason: RefusalReason; readonly response: SipResponse }
  /** This authenticator has nothing to say of this message; the next one is asked. */
  | { readonly outcome: 'not-applicable' };

/** Credentials on a message or a channel in, an identity or a refusal out. */
export interface Authenticator {
  readonly scheme: Identity['scheme'];
  /** The realm of the credentials that it takes, where it takes any. */
  readonly realm?: string;
  /** Never rejects: what goes wrong inside is a refusal. */
  authenticate(request: SipRequest, flow: Flow): AuthenticationResult | Promise<AuthenticationResult>;
}
