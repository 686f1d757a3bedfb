import { PushError } from '../errors.ts';
import {
  PUSH_MESSAGE_CLASSES,
  PUSH_PRIORITIES,
  type PushMessage,
  type PushState,
  type PushStatus,
} from '../message/index.ts';

/** A row of `pushes`, as SQLite gives it. */
export type Row = Readonly<Record<string, unknown>>;

export const MESSAGE_COLUMNS = `initiator, id, recipient_type, recipient, content_type, content, application_id,
  message_class, priority, accepted_at, deliver_after, deliver_before, notify_url`;

/** Values for {@link MESSAGE_COLUMNS}. */
export function valuesOf(message: PushMessage): (string | number | Buffer | null)[] {
  return [
    message.initiator,
    message.id,
    message.recipient.type,
    message.recipient.value,
    message.contentType,
    message.content,
    message.applicationId ?? null,
    message.messageClass ?? null,
    PUSH_PRIORITIES.indexOf(message.priority),
    message.acceptedAt,
    message.deliverAfter ?? null,
    message.deliverBefore,
    message.notifyUrl ?? null,
  ];
}

export function messageOf(row: Row): PushMessage {
  const content = row['content'];
  const priority = PUSH_PRIORITIES[numberOf(row, 'priority')];
  if (!(content instanceof Uint8Array) || priority === undefined) throw damaged();
  const applicationId = optionalText(row, 'application_id');
  const messageClass = PUSH_MESSAGE_CLASSES.find((one) => one === row['message_class']);
  const notifyUrl = optionalText(row, 'notify_url');
  return {
    id: textOf(row, 'id'),
    initiator: textOf(row, 'initiator'),
    recipient: recipientOf(row),
    contentType: textOf(row, 'content_type'),
    content: Buffer.from(content),
    priority,
    acceptedAt: numberOf(row, 'accepted_at'),
    deliverBefore: numberOf(row, 'deliver_before'),
    ...(row['deliver_after'] === null ? {} : { deliverAfter: numberOf(row, 'deliver_after') }),
    ...(applicationId === undefined ? {} : { applicationId }),
    ...(messageClass === undefined ? {} : { messageClass }),
    ...(notifyUrl === undefined ? {} : { notifyUrl }),
  };
}

/** @param underWay whether the process is delivering it at this moment */
export function statusOf(row: Row, underWay: boolean): PushStatus {
  const attempts = numberOf(row, 'attempts');
  const reason = optionalText(row, 'reason');
  // What ended was written by us, from a FinalState.
  const ended = optionalText(row, 'state') as PushState | undefined;
  return {
    id: textOf(row, 'id'),
    initiator: textOf(row, 'initiator'),
    recipient: recipientOf(row),
    state: ended ?? (underWay || attempts > 0 ? 'delivering' : 'accepted'),
    attempts,
    ...(reason === undefined ? {} : { reason }),
    acceptedAt: numberOf(row, 'accepted_at'),
    changedAt: numberOf(row, 'changed_at'),
  };
}

export function textOf(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw damaged();
  return value;
}

export function numberOf(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== 'number') throw damaged();
  return value;
}

function optionalText(row: Row, column: string): string | undefined {
  return row[column] === null ? undefined : textOf(row, column);
}

function recipientOf(row: Row): PushMessage['recipient'] {
  return { type: row['recipient_type'] === 'impi' ? 'impi' : 'impu', value: textOf(row, 'recipient') };
}

function damaged(): PushError {
  return new PushError('OSGATE_PUSH_QUEUE', 'a row of the queue cannot be understood');
}
