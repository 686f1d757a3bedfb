import { randomUUID } from 'node:crypto';

import {
  PUSH_PRIORITIES,
  type PushMessage,
  type PushMessageClass,
  type PushPriority,
  type PushStatus,
  type Recipient,
} from '../message/index.ts';
import type { Cancellation, PushQueue } from '../queue/index.ts';
import { TokenBucket } from '../token-bucket.ts';
import { mayNotify, mayPushTo, type Initiator } from './initiator.ts';

/** What an initiator hands in. Times are milliseconds since 1970-01-01T00:00:00Z. */
export interface Submission {
  /** Made up where the initiator has none. */
  readonly id?: string;
  readonly recipient: Recipient;
  readonly contentType: string;
  readonly content: Buffer;
  readonly applicationId?: string;
  readonly messageClass?: PushMessageClass;
  readonly priority?: PushPriority;
  readonly deliverAfter?: number;
  readonly deliverBefore?: number;
  readonly notifyUrl?: string;
  /** The push that this one is to take the place of. */
  readonly replaces?: string;
}

export const SUBMISSION_REFUSALS = {
  'recipient-forbidden': 'the initiator may not push to that subscriber',
  'application-forbidden': 'the initiator may not push to that application',
  'message-class-forbidden': 'the initiator may not push messages of that class, or none without one',
  'notify-url-forbidden': 'notifications of the initiator may not go to that URL',
  'priority-forbidden': 'the initiator may not ask for that priority',
  'content-too-large': 'the content is larger than the initiator may push',
  'content-type-invalid': 'the content type is no MIME type',
  'application-id-invalid': 'an application identifier has 1 to 255 visible characters',
  'id-invalid': 'an id has 1 to 255 visible characters',
  'deliver-before-past': 'the time before which it is to be delivered is over, or not after the time of delivery',
  'deliver-before-far': 'the time before which it is to be delivered is further away than pushes are kept',
  duplicate: 'the initiator has a push with that id already',
  'replaced-unknown': 'the push to be replaced is not known',
  'replaced-too-late': 'the push to be replaced has ended, or may be on its way',
  'rate-limited': 'the initiator hands in too many pushes a second',
  'queue-full': 'the queue is full',
  'subscriber-full': 'the subscriber has too many pushes waiting',
  'initiator-full': 'the initiator has too many pushes waiting',
} as const;

export type SubmissionRefusal = keyof typeof SUBMISSION_REFUSALS;

export type SubmissionOutcome =
  | { readonly accepted: true; readonly message: PushMessage }
  | { readonly accepted: false; readonly reason: SubmissionRefusal; readonly retryAfterMilliseconds?: number };

export interface PushDeskOptions {
  readonly queue: PushQueue;
  readonly initiators: readonly Initiator[];
  /** For pushes that say nothing of it, and the most for all. */
  readonly defaultLifetimeSeconds: number;
  readonly maximumLifetimeSeconds: number;
  /** There is a push to be delivered. */
  readonly onAccepted: () => void;
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly now?: () => number;
}

/** Where initiators hand pushes in, whatever protocol they speak: rights, quotas, and then the queue. */
export class PushDesk {
  readonly counters: { accepted: number; cancelled: number; refused: Record<SubmissionRefusal, number> } = {
    accepted: 0,
    cancelled: 0,
    refused: Object.fromEntries(Object.keys(SUBMISSION_REFUSALS).map((reason) => [reason, 0])) as Record<
      SubmissionRefusal,
      number
    >,
  };
  readonly #options: PushDeskOptions;
  readonly #now: () => number;
  readonly #buckets: ReadonlyMap<string, TokenBucket>;

  constructor(options: PushDeskOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#buckets = new Map(
      options.initiators.map(({ name, burst, perSecond }) => [
        name,
        new TokenBucket(burst, perSecond, () => performance.now()),
      ]),
    );
  }

  /** Once it says accepted, the push is on disk. Rejects with PushError OSGATE_PUSH_QUEUE when the queue cannot be used. */
  async submit(initiator: Initiator, submission: Submission): Promise<SubmissionOutcome> {
    const wait = this.#buckets.get(initiator.name)?.take() ?? 0;
    if (wait > 0) return { ...this.#refuse('rate-limited'), retryAfterMilliseconds: wait };
    const acceptedAt = this.#now();
    const reason = this.#judge(initiator, submission, acceptedAt);
    if (reason !== undefined) return this.#refuse(reason);
    const { replaces, ...rest } = submission;
    const message: PushMessage = {
      ...rest,
      id: submission.id ?? randomUUID(),
      initiator: initiator.name,
      priority: submission.priority ?? defaultPriority(initiator),
      acceptedAt,
      deliverBefore: submission.deliverBefore ?? this.#defaultEnd(acceptedAt, submission.deliverAfter),
    };
    const { queue } = this.#options;
    const outcome = await (replaces === undefined ? queue.accept(message) : queue.replace(replaces, message));
    if (outcome === 'unknown') return this.#refuse('replaced-unknown');
    if (outcome === 'too-late') return this.#refuse('replaced-too-late');
    if (outcome !== 'accepted') return this.#refuse(outcome);
    this.counters.accepted++;
    this.#options.onAccepted();
    return { accepted: true, message };
  }

  async cancel(initiator: Initiator, id: string): Promise<Cancellation> {
    const outcome = await this.#options.queue.cancel(initiator.name, id);
    if (outcome === 'cancelled') this.counters.cancelled++;
    return outcome;
  }

  async status(initiator: Initiator, id: string): Promise<PushStatus | undefined> {
    return this.#options.queue.status(initiator.name, id);
  }

  #judge(initiator: Initiator, submission: Submission, now: number): SubmissionRefusal | undefined {
    const { id, recipient, contentType, content, applicationId, messageClass, notifyUrl, priority } = submission;
    const { applicationIds, messageClasses, maximumContentOctets } = initiator;
    if (id !== undefined && !VISIBLE.test(id)) return 'id-invalid';
    if (applicationId !== undefined && !VISIBLE.test(applicationId)) return 'application-id-invalid';
    if (!MIME_TYPE.test(contentType) || contentType.length > MAXIMUM_MIME_TYPE_CHARACTERS)
      return 'content-type-invalid';
    if (!mayPushTo(initiator, recipient)) return 'recipient-forbidden';
    if (applicationIds !== undefined && !applicationIds.includes(applicationId ?? '')) return 'application-forbidden';
    if (messageClasses !== undefined && !messageClasses.some((one) => one === messageClass)) {
      return 'message-class-forbidden';
    }
    if (notifyUrl !== undefined && !mayNotify(initiator, notifyUrl)) return 'notify-url-forbidden';
    if (priority !== undefined && rank(priority) < rank(initiator.priority)) return 'priority-forbidden';
    if (content.length > maximumContentOctets) return 'content-too-large';
    return this.#judgeTimes(submission, now);
  }

  #judgeTimes({ deliverAfter = 0, deliverBefore }: Submission, now: number): SubmissionRefusal | undefined {
    const latest = now + this.#options.maximumLifetimeSeconds * 1000;
    if ((deliverBefore ?? deliverAfter) > latest) return 'deliver-before-far';
    if (deliverBefore !== undefined && deliverBefore <= Math.max(now, deliverAfter)) return 'deliver-before-past';
    return undefined;
  }

  #defaultEnd(now: number, deliverAfter = 0): number {
    const { defaultLifetimeSeconds, maximumLifetimeSeconds } = this.#options;
    const end = Math.max(now, deliverAfter) + defaultLifetimeSeconds * 1000;
    return Math.min(end, now + maximumLifetimeSeconds * 1000);
  }

  #refuse(reason: SubmissionRefusal): Extract<SubmissionOutcome, { accepted: false }> {
    this.counters.refused[reason]++;
    return { accepted: false, reason };
  }
}

const VISIBLE = /^[!-~]{1,255}$/;
const MIME_TYPE = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+\/[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:\s*;[ -~]*)?$/;
const MAXIMUM_MIME_TYPE_CHARACTERS = 255;

function rank(priority: PushPriority): number {
  return PUSH_PRIORITIES.indexOf(priority);
}

/** What most pushes have, or the most that the initiator may ask for. */
function defaultPriority({ priority }: Initiator): PushPriority {
  return rank(priority) > rank('medium') ? priority : 'medium';
}
