import type { PushPriority, PushState } from '../../message/index.ts';
import type { PapCode } from './pap-codes.ts';

/** What an initiator asks (OMA-TS-PAP 9). Times are milliseconds since 1970-01-01T00:00:00Z; addresses are as they were sent. */
export type PapRequest =
  | PapPushMessage
  | { readonly kind: 'cancel'; readonly pushId: string; readonly addresses: readonly string[] }
  | { readonly kind: 'status-query'; readonly pushId: string; readonly addresses: readonly string[] }
  /** A message of the protocol that osgate does not serve, such as ccq-message. */
  | { readonly kind: 'not-implemented'; readonly element: string };

export interface PapPushMessage {
  readonly kind: 'push';
  readonly pushId: string;
  readonly addresses: readonly string[];
  readonly deliverBefore?: number;
  readonly deliverAfter?: number;
  readonly notifyUrl?: string;
  readonly progressNotesRequested: boolean;
  readonly replacePushId?: string;
  readonly replaceMethod: 'pending-only' | 'all';
  readonly priority: PushPriority;
  readonly deliveryMethod: 'confirmed' | 'preferconfirmed' | 'unconfirmed' | 'notspecified';
  readonly networkRequired: boolean;
  readonly bearerRequired: boolean;
}

/** How PAP names the states of a push (OMA-TS-PAP 9.6 message-state). */
export type PapMessageState = 'pending' | 'delivered' | 'undeliverable' | 'expired' | 'cancelled';

/** PAP has no word for a push that another one replaced. */
export function papStateOf(state: PushState): PapMessageState {
  switch (state) {
    case 'accepted':
    case 'delivering':
      return 'pending';
    case 'replaced':
      return 'cancelled';
    default:
      return state;
  }
}

/** What an initiator is answered. */
export type PapAnswer =
  | {
      readonly kind: 'push';
      readonly pushId: string;
      readonly result: PapCode;
      /** Said behind the standard text. */
      readonly detail?: string;
      readonly replyTime: number;
      readonly progress?: { readonly stage: string; readonly note: string; readonly time: number };
    }
  | {
      readonly kind: 'cancel';
      readonly pushId: string;
      readonly result: PapCode;
      readonly addresses: readonly string[];
    }
  | {
      readonly kind: 'status-query';
      readonly pushId: string;
      readonly result: PapCode;
      readonly addresses: readonly string[];
      readonly state?: PapMessageState;
      readonly eventTime?: number;
    }
  | { readonly kind: 'bad-message'; readonly result: PapCode; readonly detail?: string };

/** What an initiator is told when a push has ended. */
export interface PapResultNotification {
  readonly pushId: string;
  readonly address: string;
  readonly receivedTime: number;
  readonly eventTime: number;
  readonly state: PapMessageState;
  readonly result: PapCode;
  readonly detail?: string;
}
