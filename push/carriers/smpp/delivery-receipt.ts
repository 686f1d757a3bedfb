import type { SmppField } from './smpp-pdu.ts';

/** What an SMSC says of a message that it took (SMPP 3.4 5.2.28, Appendix B). */
export interface DeliveryReceipt {
  /** message_id of the submit_sm_resp. */
  readonly messageId: string;
  readonly state: DeliveryState;
}

/** Those of the device that it will not have the message are `failed`; `pending` is no end. */
export type DeliveryState = 'delivered' | 'failed' | 'pending';

/** message_state: ENROUTE, DELIVERED, EXPIRED, DELETED, UNDELIVERABLE, ACCEPTED, UNKNOWN, REJECTED. */
const STATES: readonly (DeliveryState | undefined)[] = [
  undefined,
  'pending',
  'delivered',
  'failed',
  'failed',
  'failed',
  'delivered',
  'pending',
  'failed',
];

const TEXT_STATES: ReadonlyMap<string, DeliveryState> = new Map([
  ['DELIVRD', 'delivered'],
  ['ACCEPTD', 'delivered'],
  ['ENROUTE', 'pending'],
  ['UNKNOWN', 'pending'],
  ['EXPIRED', 'failed'],
  ['DELETED', 'failed'],
  ['UNDELIV', 'failed'],
  ['REJECTD', 'failed'],
]);

/** A message_id has at most 64 octets (SMPP 3.4 5.2.23). */
const ID = /(?:^|\s)id:([\x21-\x7e]{1,64})(?:\s|$)/i;
const PRINTABLE_ID = /^[\x21-\x7e]{1,64}/;
const STAT = /(?:^|\s)stat:([A-Za-z]{1,10})(?:\s|$)/i;

/** The longest text that is looked at. */
const LONGEST_TEXT = 255;

/**
 * Reads a deliver_sm that is a receipt: the optional parameters when both are there, else the text of Appendix B. Undefined
 * when neither tells what became of which message.
 */
export function parseDeliveryReceipt(fields: Readonly<Record<string, SmppField>>): DeliveryReceipt | undefined {
  const { receipted_message_id: given, message_state: number, short_message: text } = fields;
  // Where an SMSC leaves out the final 0, the library reads on into the next parameter.
  const id = typeof given === 'string' ? PRINTABLE_ID.exec(given)?.[0] : undefined;
  if (id !== undefined && typeof number === 'number') {
    const state = STATES[number];
    return state === undefined ? undefined : { messageId: id, state };
  }
  if (!Buffer.isBuffer(text) || text.length > LONGEST_TEXT) return undefined;
  const words = text.toString('latin1');
  const messageId = id ?? ID.exec(words)?.[1];
  const state = TEXT_STATES.get(STAT.exec(words)?.[1]?.toUpperCase() ?? '');
  return messageId === undefined || state === undefined ? undefined : { messageId, state };
}
