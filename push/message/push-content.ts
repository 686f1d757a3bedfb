import { decode, encode } from 'msgpack-lite';

import { isFlatArray } from './flat-array.ts';
import { PUSH_MESSAGE_CLASSES, type PushMessageClass } from './push-message.ts';

/** What an application in an agent gets: the text of a message of the push layer to the agent. */
export interface PushContent {
  /** Of the push; the agent remembers it, so that the application gets each push once. Unique in the gateway. */
  readonly id: string;
  /** MIME type. */
  readonly type: string;
  readonly content: Buffer;
  readonly applicationId?: string;
  readonly messageClass?: PushMessageClass;
  /** After that the agent need not remember the id; milliseconds since 1970-01-01T00:00:00Z. */
  readonly deliverBefore: number;
}

/** What an agent says of a push: the text of a message of the push layer to the gateway. */
export interface PushReceipt {
  readonly id: string;
  /** Whether the application has it; `refused` is final, `failed` may be tried again. */
  readonly outcome: 'delivered' | 'refused' | 'failed';
}

const OUTCOMES: readonly string[] = ['delivered', 'refused', 'failed'] satisfies PushReceipt['outcome'][];
const MAXIMUM_NAME_CHARACTERS = 1024;

/** Elements of a content that has a class; without one there is one less. */
const WITH_CLASS = 6;

export function formatPushContent(push: PushContent): Buffer {
  const { id, type, content, applicationId, deliverBefore, messageClass } = push;
  const elements = [id, type, content, applicationId ?? null, deliverBefore];
  return encode(messageClass === undefined ? elements : [...elements, messageClass]);
}

/** Undefined for what is no content. */
export function parsePushContent(octets: Buffer): PushContent | undefined {
  const classed = read(octets, WITH_CLASS);
  const elements = classed.length === 0 ? read(octets, WITH_CLASS - 1) : classed;
  const [id, type, content, applicationId, deliverBefore, messageClass] = elements;
  if (!isName(id) || !isName(type) || !(content instanceof Uint8Array)) return undefined;
  if (typeof deliverBefore !== 'number' || !Number.isFinite(deliverBefore)) return undefined;
  if (applicationId !== null && !isName(applicationId)) return undefined;
  const application = applicationId === null ? {} : { applicationId };
  const push = { id, type, content: Buffer.from(content), ...application, deliverBefore };
  if (elements.length < WITH_CLASS) return push;
  const known = PUSH_MESSAGE_CLASSES.find((one) => one === messageClass);
  return known === undefined ? undefined : { ...push, messageClass: known };
}

export function formatPushReceipt({ id, outcome }: PushReceipt): Buffer {
  return encode([id, outcome]);
}

/** Undefined for what is no receipt. */
export function parsePushReceipt(octets: Buffer): PushReceipt | undefined {
  const [id, outcome] = read(octets, 2);
  return isName(id) && isOutcome(outcome) ? { id, outcome } : undefined;
}

/** Empty for what is no array of so many elements. */
function read(octets: Buffer, elements: number): unknown[] {
  if (!isFlatArray(octets, elements)) return [];
  const value: unknown = decode(octets);
  return Array.isArray(value) ? (value as unknown[]) : [];
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= MAXIMUM_NAME_CHARACTERS;
}

function isOutcome(value: unknown): value is PushReceipt['outcome'] {
  return typeof value === 'string' && OUTCOMES.includes(value);
}
