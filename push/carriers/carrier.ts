import type { Recipient } from '../message/index.ts';

/** One package for one agent. */
export interface Delivery {
  readonly recipient: Recipient;
  /** A push package. */
  readonly octets: Buffer;
  readonly contentType: string;
  /** The application in the agent that the push is for; not a secret. */
  readonly applicationId?: string;
  /** After that nobody needs it; milliseconds since 1970-01-01T00:00:00Z. */
  readonly deliverBefore: number;
  /** Aborted when the agent has answered, or nobody waits for it any more: no copy is needed then. */
  readonly answered: AbortSignal;
}

export interface CarrierFailure {
  readonly outcome: 'failed';
  /** Whether the same carrier may have more luck later. */
  readonly temporary: boolean;
  /** A word for status and logs, such as `no-flow` or `sip-486`. */
  readonly reason: string;
  readonly retryAfterMilliseconds?: number;
}

export type CarrierResult =
  /** The agent has it; `reply` is the package that it sent back at once, if it did. */
  | { readonly outcome: 'answered'; readonly reply?: Buffer }
  /**
   * It is on its way; what the agent says comes by the uplink, if ever. `undelivered` resolves when the carrier hears that the
   * agent will not have it; most times it never settles.
   */
  | { readonly outcome: 'sent'; readonly undelivered?: Promise<CarrierFailure> }
  | CarrierFailure;

/** A way to an agent (Upa): SIP MESSAGE, SMS, UDP. Never rejects: what goes wrong is a failed result. */
export interface Carrier {
  readonly name: string;
  /** False for a subscriber that this carrier has no address of. */
  canReach(recipient: Recipient): boolean | Promise<boolean>;
  deliver(delivery: Delivery): Promise<CarrierResult>;
  close(): Promise<void>;
}

/** Takes a package that an agent sent on its own. Anybody may have sent it: nothing in it is proven. */
export type UplinkHandler = (octets: Buffer) => void;
