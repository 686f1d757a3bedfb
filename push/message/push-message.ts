/** Whom a push is for. */
export interface Recipient {
  /** Private identity (IMPI), or public identity (IMPU: a SIP or tel URI). */
  readonly type: 'impi' | 'impu';
  readonly value: string;
}

/** The recipient as a key of maps. */
export function recipientKey({ type, value }: Recipient): string {
  return `${type} ${value}`;
}

export const PUSH_PRIORITIES = ['high', 'medium', 'low'] as const;
export type PushPriority = (typeof PUSH_PRIORITIES)[number];

/** What kind of message a push is; the words are those of multimedia messages (OMA-TS-MMS_ENC: X-Mms-Message-Class). */
export const PUSH_MESSAGE_CLASSES = ['personal', 'advertisement', 'informational', 'auto'] as const;
export type PushMessageClass = (typeof PUSH_MESSAGE_CLASSES)[number];

/** A push as an initiator handed it in. Times are milliseconds since 1970-01-01T00:00:00Z. */
export interface PushMessage {
  /** Chosen by the initiator, unique among its own. */
  readonly id: string;
  /** The name that the initiator has in the configuration. */
  readonly initiator: string;
  readonly recipient: Recipient;
  /** MIME type of the content, with its parameters. */
  readonly contentType: string;
  readonly content: Buffer;
  /** The application in the agent that the content is for. */
  readonly applicationId?: string;
  readonly messageClass?: PushMessageClass;
  readonly priority: PushPriority;
  readonly acceptedAt: number;
  readonly deliverAfter?: number;
  /** After that the push has expired. */
  readonly deliverBefore: number;
  /** Where the initiator wants to hear of the end. */
  readonly notifyUrl?: string;
}

/** What became of a push. All but the first two are final. */
export type PushState =
  | 'accepted'
  | 'delivering'
  /** The agent has said so, under its key. */
  | 'delivered'
  | 'expired'
  | 'cancelled'
  /** Another push took its place before it was delivered. */
  | 'replaced'
  /** It can never be delivered: the key centre does not know the subscriber, or does not let the gateway push to it. */
  | 'undeliverable';

export interface PushStatus {
  readonly id: string;
  readonly initiator: string;
  readonly recipient: Recipient;
  readonly state: PushState;
  /** How often it was given to a carrier. */
  readonly attempts: number;
  /** Why it is as it is, in one of the words of the dispatcher; absent for what goes as it should. */
  readonly reason?: string;
  readonly acceptedAt: number;
  readonly changedAt: number;
}
